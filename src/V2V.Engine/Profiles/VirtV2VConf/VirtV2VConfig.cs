using V2V.Engine.Targets;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>
/// Configuration files of virt-v2v 0.9, asked in their order: its profiles, mappings of networks, and the software that it puts into guests.
/// </summary>
public sealed class VirtV2VConfig
{
    private readonly IReadOnlyList<ConfigFile> _files;

    private VirtV2VConfig(IReadOnlyList<ConfigFile> files)
    {
        _files = files;
        Software = new SoftwareCatalogue([.. files.Select(file => file.Software)]);
    }

    /// <summary>Names of the profiles, as they are written, in the order of the files; none twice.</summary>
    public IReadOnlyList<string> ProfileNames => [.. _files.SelectMany(file => file.Profiles).Select(profile => profile.Name).OfType<string>().Distinct()];

    public SoftwareCatalogue Software { get; }

    /// <summary>Reads the files.</summary>
    /// <param name="paths">Full paths; what is in an earlier file comes before what is in a later one.</param>
    /// <exception cref="ProfileException">A file is missing, unreadable or malformed.</exception>
    public static VirtV2VConfig Load(IEnumerable<string> paths) => new([.. paths.Select(ConfigFile.Load)]);

    /// <summary>The mappings at the top level alone, for a conversion that chooses no profile.</summary>
    /// <exception cref="ProfileException">The default network leads nowhere.</exception>
    public ImportedProfile ImportNetworks()
    {
        var networks = ConfigNetworks.Read(null, null, _files);
        return new ImportedProfile(
            new ConversionProfile { NetworkRules = networks.Rules, SoftwareConfiguration = Software.Files, Software = Software }, [.. Warnings, .. networks.Warnings]);
    }

    /// <summary>A profile with the mappings at the top level behind its own, as a profile of V2V.</summary>
    /// <param name="name">Its name, as it is written. The first file that has it counts.</param>
    /// <param name="targetIsGiven">Where guests go is decided otherwise, so a method that V2V does not have stands against nothing.</param>
    /// <exception cref="ProfileException">There is no such profile, or it says what V2V cannot do, or not what it must.</exception>
    public ImportedProfile Import(string name, bool targetIsGiven = false)
    {
        var file = _files.FirstOrDefault(f => f.Profiles.Any(p => p.Name == name))
            ?? throw new ProfileException(V2VError.ProfileNotFound, $"There is no profile named {name} in {string.Join(", ", _files.Select(f => f.Path))}.")
            {
                Path = _files.Count > 0 ? _files[0].Path : null,
                Format = ConfigXml.Format,
                Advice = ProfileNames.Count > 0 ? $"Defined target profiles: {string.Join(", ", ProfileNames)}." : "The files define no profile.",
            };
        var profile = file.Profiles.First(p => p.Name == name);
        List<string> warnings = [.. Warnings];
        if (file.Profiles.Count(p => p.Name == name) > 1)
        {
            warnings.Add($"{file.Path}: multiple profiles are defined with the name {name}; the first is used.");
        }

        var networks = ConfigNetworks.Read(file, profile, _files);
        return new ImportedProfile(
            new ConversionProfile
            {
                Name = name,
                Description = $"Profile {name} of {file.Path}",
                StoragePool = StoragePool(file, profile, targetIsGiven, warnings),
                Format = Format(file, profile),
                Allocation = Allocation(file, profile),
                NetworkRules = networks.Rules,
                SoftwareConfiguration = Software.Files,
                Software = Software,
            },
            [.. warnings, .. networks.Warnings]);
    }

    private IEnumerable<string> Warnings => _files.SelectMany(file => file.Warnings);

    private static string? StoragePool(ConfigFile file, ConfigProfile profile, bool targetIsGiven, List<string> warnings)
    {
        var method = profile.Method ?? throw ConfigXml.Invalid(file.Path, $"Profile {profile.Name} doesn't specify an output method.");
        var storage = profile.Storage ?? throw ConfigXml.Invalid(file.Path, $"Profile {profile.Name} doesn't specify output storage.");
        switch (method)
        {
            case "libvirt":
                return storage;
            case "rhev" when targetIsGiven:
                warnings.Add($"{file.Path}: the method rhev of the profile {profile.Name} is not used, nor its storage {storage}: guests go where the parameters say.");
                return null;
            case "rhev":
                throw new ProfileException(
                    V2VError.ProfileUnsupported, $"The profile {profile.Name} of {file.Path} has the output method rhev with the storage {storage}, and V2V has no such target.")
                {
                    Path = file.Path,
                    Format = ConfigXml.Format,
                    Advice = "Say with -StoragePool or -OutputDirectory where guests go instead; the profile's other settings are then used.",
                };
            default:
                throw ConfigXml.Invalid(file.Path, $"{method} is not a valid output method, but the profile {profile.Name} has it.");
        }
    }

    private static ImageFormat? Format(ConfigFile file, ConfigProfile profile) => profile.Format switch
    {
        null => null,
        "raw" => ImageFormat.Raw,
        "qcow2" => ImageFormat.Qcow2,
        _ => throw ConfigXml.Invalid(file.Path, $"The storage format of the profile {profile.Name} must be raw or qcow2, not {profile.Format}."),
    };

    private static ImageAllocation? Allocation(ConfigFile file, ConfigProfile profile) => profile.Allocation switch
    {
        null => null,
        "sparse" => ImageAllocation.Sparse,
        "preallocated" => ImageAllocation.Preallocated,
        _ => throw ConfigXml.Invalid(file.Path, $"The allocation scheme of the profile {profile.Name} must be sparse or preallocated, not {profile.Allocation}."),
    };
}

/// <summary>What came of a profile of virt-v2v.</summary>
/// <param name="Profile">The same settings as a profile of V2V; it is not stored.</param>
/// <param name="Warnings">What of the files has no counterpart or is not used, a sentence each.</param>
public sealed record ImportedProfile(ConversionProfile Profile, IReadOnlyList<string> Warnings);
