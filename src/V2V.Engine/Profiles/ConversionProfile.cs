using System.Text.Json.Serialization;
using V2V.Engine.Profiles.VirtV2VConf;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Profiles;

/// <summary>
/// Settings of a conversion under a name. What is null is not decided by the profile: a parameter or the default decides.
/// <see cref="ProfileStore"/> keeps each as a JSON file.
/// </summary>
public sealed record ConversionProfile
{
    public const string DefaultConnection = "qemu:///system";
    public const string DefaultStoragePool = "default";

    /// <summary>Where virt-v2v keeps software for guests.</summary>
    public const string DefaultSoftwareRoot = "/var/lib/virt-v2v/software";

    private static readonly string[] DomainTypes = ["kvm", "qemu"];

    /// <summary>The profile's name, which is also its file's.</summary>
    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>Whose the profile is; null for one that is not stored.</summary>
    [JsonIgnore]
    public ProfileScope? Scope { get; init; }

    /// <summary>The file that the profile is stored in or was read from; null for one that is not stored.</summary>
    [JsonIgnore]
    public string? Path { get; init; }

    /// <summary>What the profile is for, in the words of who made it.</summary>
    public string? Description { get; init; }

    /// <summary>libvirt URI of the host that will run the guests. Excludes <see cref="OutputDirectory"/>.</summary>
    public string? Connection { get; init; }

    /// <summary>libvirt storage pool that takes the disks. Excludes <see cref="OutputDirectory"/>.</summary>
    public string? StoragePool { get; init; }

    /// <summary>Folder that takes disks and descriptions, in place of libvirt.</summary>
    public string? OutputDirectory { get; init; }

    /// <summary>What the guests of <see cref="OutputDirectory"/> are meant for. Excludes a libvirt connection and pool.</summary>
    public GuestPlatform? As { get; init; }

    /// <summary>Guests go nowhere: conversions are run and nothing of them is kept. For a run, not for storing.</summary>
    [JsonIgnore]
    public bool NoOutput { get; init; }

    /// <summary>Type of the libvirt domain: "kvm" or "qemu".</summary>
    public string? DomainType { get; init; }

    public ImageFormat? Format { get; init; }

    /// <summary>How much of the disks' space is taken at once.</summary>
    public ImageAllocation? Allocation { get; init; }

    /// <summary>Compression of qcow2 images.</summary>
    public ImageCompression? Compression { get; init; }

    /// <summary>Where adapters go.</summary>
    [JsonPropertyName("networks")]
    public IReadOnlyList<NetworkRule> NetworkRules
    {
        get;
        // The serializer's generated code sets null where the file has no rules.
        init => field = value is null ? [] : PlainList.Of(value);
    } = [];

    /// <summary>A virtio-win ISO image, or a folder with its tree, that Windows guests get their drivers from.</summary>
    public string? DriverSource { get; init; }

    /// <summary>The storage driver of Windows guests.</summary>
    public StoragePreference? BlockDriver { get; init; }

    /// <summary>Convert a Windows guest also when there are no drivers for it, to slower hardware that it has drivers for.</summary>
    public bool? AllowNoDrivers { get; init; }

    /// <summary>Folder that paths of software in configurations of virt-v2v start from; null takes theirs, or <see cref="DefaultSoftwareRoot"/>.</summary>
    public string? SoftwareRoot { get; init; }

    /// <summary>
    /// Full paths of configuration files of virt-v2v that name software for guests, asked in this order; none when guests get none. The files stay
    /// where they are and are read for each run, so that what is added to them counts.
    /// </summary>
    public IReadOnlyList<string>? SoftwareConfiguration
    {
        get;
        init => field = value is null or [] ? null : PlainList.Of(value);
    }

    /// <summary>What <see cref="SoftwareConfiguration"/> names, read; null until <see cref="WithSoftware"/>.</summary>
    [JsonIgnore]
    public SoftwareCatalogue? Software { get; init; }

    /// <summary>Folder for the overlay when it outgrows memory.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>Where guests go: "folder /srv/vms", "pool default at qemu:///system".</summary>
    [JsonIgnore]
    public string TargetDescription => NoOutput ? "nowhere" : OutputDirectory is null
        ? $"pool {StoragePool ?? DefaultStoragePool} at {Connection ?? DefaultConnection}"
        : $"folder {OutputDirectory}";

    /// <summary>What stands against using these settings together, as one sentence; null when nothing does.</summary>
    public string? FindConflict()
    {
        if (OutputDirectory is not null && (Connection ?? StoragePool) is not null)
        {
            return "A folder and a libvirt connection or storage pool are both given as the target; only one can be.";
        }

        if (NoOutput && (OutputDirectory ?? Connection ?? StoragePool ?? As?.ToString()) is not null)
        {
            return "Guests are to go nowhere, and a target is given.";
        }

        if (As is not null && OutputDirectory is null)
        {
            return $"Descriptions as {As} are written beside the disks in a folder, and none is given (OutputDirectory).";
        }

        if (DomainType is not null && !DomainTypes.Contains(DomainType))
        {
            return $"The domain type '{DomainType}' is none of {string.Join(", ", DomainTypes)}.";
        }

        // Not "fully qualified": a path of Linux may be kept on Windows.
        if (SoftwareRoot is not null && !System.IO.Path.IsPathRooted(SoftwareRoot))
        {
            return $"The software root '{SoftwareRoot}' is no full path.";
        }

        if (SoftwareConfiguration?.FirstOrDefault(path => !System.IO.Path.IsPathRooted(path)) is { } relative)
        {
            return $"The configuration file of software '{relative}' is no full path.";
        }

        return ImageWriters.FindConflict(Format ?? ImageFormat.Qcow2, Compression ?? ImageCompression.None, Allocation ?? ImageAllocation.Sparse)
            ?? NetworkRule.FindDuplicate(NetworkRules);
    }

    /// <summary>
    /// This profile with what was <paramref name="given"/> in place of its own. What of the profile's is excluded by something given falls away;
    /// what was given together and excludes itself stays a conflict.
    /// </summary>
    public ConversionProfile With(ConversionProfile given)
    {
        ArgumentNullException.ThrowIfNull(given);
        var target = (given.OutputDirectory, given.Connection ?? given.StoragePool) switch
        {
            _ when given.NoOutput => this with
            {
                OutputDirectory = given.OutputDirectory,
                Connection = given.Connection,
                StoragePool = given.StoragePool,
                As = given.As,
                NoOutput = true,
            },
            (null, null) => this with { As = given.As ?? As },
            (null, _) => this with
            {
                OutputDirectory = null,
                Connection = given.Connection ?? Connection,
                StoragePool = given.StoragePool ?? StoragePool,
                As = given.As,
            },
            _ => this with { OutputDirectory = given.OutputDirectory, Connection = given.Connection, StoragePool = given.StoragePool, As = given.As ?? As },
        };
        var excludesCompression = given.Format == ImageFormat.Raw || given.Allocation is not (null or ImageAllocation.Sparse);
        var excludesAllocation = given.Compression is not (null or ImageCompression.None)
            || (given.Format == ImageFormat.Raw && Allocation == ImageAllocation.Metadata);
        return target with
        {
            Description = given.Description ?? Description,
            DomainType = given.DomainType ?? DomainType,
            Format = given.Format ?? Format,
            Allocation = given.Allocation ?? (excludesAllocation ? null : Allocation),
            Compression = given.Compression ?? (excludesCompression ? null : Compression),
            NetworkRules = Merge(NetworkRules, given.NetworkRules),
            DriverSource = given.DriverSource ?? DriverSource,
            BlockDriver = given.BlockDriver ?? BlockDriver,
            AllowNoDrivers = given.AllowNoDrivers ?? AllowNoDrivers,
            SoftwareRoot = given.SoftwareRoot ?? SoftwareRoot,
            SoftwareConfiguration = given.SoftwareConfiguration ?? SoftwareConfiguration,
            Software = given.Software ?? Software,
            TemporaryDirectory = given.TemporaryDirectory ?? TemporaryDirectory,
        };
    }

    /// <summary>This profile with its <see cref="Software"/> read from the files.</summary>
    /// <exception cref="ProfileException">A file is missing, unreadable or malformed.</exception>
    public ConversionProfile WithSoftware() =>
        Software is null && SoftwareConfiguration is { } files ? this with { Software = VirtV2VConfig.Load(files).Software } : this;

    /// <summary>The options of one conversion with these settings.</summary>
    /// <param name="guestName">Name of the converted guest; null keeps the source's.</param>
    /// <param name="overwrite">Replace volumes and a domain of the same names.</param>
    public ConversionOptions ToOptions(string? guestName = null, bool overwrite = false) => new()
    {
        Name = guestName,
        Format = Format ?? ImageFormat.Qcow2,
        Allocation = Allocation ?? ImageAllocation.Sparse,
        Compression = Compression ?? ImageCompression.None,
        NetworkRules = NetworkRules,
        DriverSource = DriverSource,
        BlockDriver = BlockDriver ?? StoragePreference.Viostor,
        AllowNoDrivers = AllowNoDrivers ?? false,
        Software = new ConfiguredSoftware(Software ?? SoftwareCatalogue.Empty, SoftwareRoot),
        TemporaryDirectory = TemporaryDirectory,
        Overwrite = overwrite,
    };

    /// <summary>
    /// The given rules, and those of the stored ones that they leave something to: no rule for the same adapters, and no rule for one kind of a
    /// network whose both kinds are given, or for the rest when the rest is given.
    /// </summary>
    private static List<NetworkRule> Merge(IReadOnlyList<NetworkRule> stored, IReadOnlyList<NetworkRule> given)
    {
        var replaced = given.Select(rule => rule.Key).ToHashSet();
        var hasDefault = given.Any(rule => rule.IsDefault);
        var left = stored.Where(rule => !(rule.IsDefault && hasDefault) && !replaced.Contains(rule.Key) && !replaced.Contains(rule.Key with { Kind = null }));
        return [.. given.Concat(left).OrderBy(rule => rule.IsDefault)];
    }
}
