using System.Text.RegularExpressions;
using V2V.Engine.Conversion.Software;
using V2V.Engine.Inspection;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>
/// The software that configuration files of virt-v2v name for guests: which packages a capability needs, and where their files are. Files are
/// asked in their order; the first that has anything for a guest answers.
/// </summary>
public sealed partial class SoftwareCatalogue
{
    private readonly IReadOnlyList<SoftwareFile> _files;

    internal SoftwareCatalogue(IReadOnlyList<SoftwareFile> files) => _files = files;

    /// <summary>The catalogue of no file.</summary>
    public static SoftwareCatalogue Empty { get; } = new([]);

    /// <summary>The files that name any software, in their order.</summary>
    public IReadOnlyList<string> Files => [.. _files.Where(file => file.Count > 0).Select(file => file.Path)];

    /// <summary>The root of the first file that names one; null when none does.</summary>
    public string? PathRoot => _files.Select(file => file.PathRoot).FirstOrDefault(root => root is not null);

    /// <summary>
    /// The files that have to be installed so that the guest has a capability, each after those that it depends on, and a kernel after all
    /// others; none when what is installed will do.
    /// </summary>
    /// <param name="guest">The guest.</param>
    /// <param name="capability">"virtio", "cirrus", "user-custom".</param>
    /// <param name="root">
    /// Folder that relative paths start from. Null takes each file's own, else <see cref="ConversionProfile.DefaultSoftwareRoot"/>.
    /// </param>
    /// <exception cref="ProfileException">No entry is for the guest, or one that is for it is malformed.</exception>
    public ResolvedSoftware Resolve(SoftwareGuest guest, string capability, string? root = null)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var (file, found) = Find(f => f.Capabilities, "capability", guest, capability, guest.Architecture);
        var walk = new SoftwareWalk(this, guest, root);
        // The kernel is asked for first, so that it leads the list when it is missing.
        foreach (var dependency in found.Dependencies.OrderBy(dependency => dependency.Name != SoftwareWalk.Kernel))
        {
            var name = dependency.Name
                ?? throw ConfigXml.Invalid(file.Path, $"Capability in config contains a dependency with no name attribute: {found.Text}");
            if (IsNeeded(file, guest, dependency, name))
            {
                walk.Add(name);
            }
        }

        return walk.Finish();
    }

    /// <summary>The files of one app: for Windows the directory of drivers is the app "virtio".</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="app">Name of the app.</param>
    /// <param name="root">As with <see cref="Resolve"/>.</param>
    /// <exception cref="ProfileException">No app is for the guest, or one that is for it is malformed.</exception>
    public ResolvedSoftware ResolveApp(SoftwareGuest guest, string app, string? root = null)
    {
        ArgumentNullException.ThrowIfNull(guest);
        var walk = new SoftwareWalk(this, guest, root);
        walk.Add(app);
        return walk.Finish();
    }

    internal (SoftwareFile File, SoftwareApp App) FindApp(SoftwareGuest guest, string name, string architecture) =>
        Find(file => file.Apps, "app", guest, name, architecture);

    internal (SoftwareFile File, SoftwareApp App)? TryFindApp(SoftwareGuest guest, string name, string architecture) =>
        TryFind(file => file.Apps, guest, name, architecture);

    /// <summary>Some version of the app's package for a processor of that family is installed.</summary>
    internal static bool IsInstalledFor32Bits(SoftwareGuest guest, string name) =>
        guest.Packages.Any(package => package.Name == name && Processor32().IsMatch(package.Architecture));

    /// <summary>
    /// The very package that a file holds, or a newer one, is installed. What a file holds its name tells: NAME-VERSION-RELEASE.ARCHITECTURE.rpm.
    /// A file of another name counts as new.
    /// </summary>
    internal static bool IsInstalled(SoftwareGuest guest, string path) =>
        PackageFile().Match(path) is { Success: true } file
        && guest.Packages.Any(package =>
            package.Name == file.Groups["name"].Value
            && package.Architecture == file.Groups["arch"].Value
            && PackageVersion.TryParse(package.Version, out var installed)
            && PackageVersion.TryParse(file.Groups["version"].Value, out var offered)
            // The epoch is not in the name.
            && installed.CompareTo(offered with { Epoch = installed.Epoch }) >= 0);

    private static bool IsNeeded(SoftwareFile file, SoftwareGuest guest, SoftwareDependency dependency, string name)
    {
        PackageVersion? minimum = null;
        if (dependency.MinimumVersion is { } text && !PackageVersion.TryParse(text, out minimum))
        {
            throw ConfigXml.Invalid(
                file.Path, $"Unrecognised format for minversion in config: {text}. minversion must be in the format [epoch:]version[-release].");
        }

        InstalledPackage[] installed = name == SoftwareWalk.Kernel
            ? [.. guest.Packages.Where(p => p.Name == guest.KernelPackage && p.Architecture == SoftwareWalk.KernelArchitecture(guest))]
            : [.. guest.Packages.Where(p => p.Name == name)];
        return installed.Length == 0
            ? !dependency.IfInstalled
            : !installed.Any(p => minimum is null || (PackageVersion.TryParse(p.Version, out var version) && version.CompareTo(minimum) >= 0));
    }

    private (SoftwareFile File, T Found) Find<T>(
        Func<SoftwareFile, IReadOnlyDictionary<SoftwareSelector, T>> entries, string type, SoftwareGuest guest, string name, string architecture)
    {
        if (TryFind(entries, guest, name, architecture) is { } found)
        {
            return found;
        }

        var sought = SoftwareSelector.Describe(guest, name, architecture);
        throw new ProfileException(
            V2VError.SoftwareNotFound, _files.Count == 0 ? $"No config specified. No {type} match for {sought}." : $"No {type} in config matches {sought}.")
        {
            Path = _files.Count == 0 ? null : _files[0].Path,
            Format = ConfigXml.Format,
            Advice = $"Add an element '{type}' with these attributes, or fewer of them, to a file that is given with -ConfigPath.",
        };
    }

    private (SoftwareFile File, T Found)? TryFind<T>(
        Func<SoftwareFile, IReadOnlyDictionary<SoftwareSelector, T>> entries, SoftwareGuest guest, string name, string architecture)
    {
        var selectors = SoftwareSelector.For(guest, name, architecture).ToArray();
        foreach (var file in _files)
        {
            foreach (var selector in selectors)
            {
                if (entries(file).TryGetValue(selector, out var found))
                {
                    return (file, found);
                }
            }
        }

        return null;
    }

    [GeneratedRegex("^i[3-6]86$", RegexOptions.CultureInvariant)]
    private static partial Regex Processor32();

    [GeneratedRegex(@"(?:^|[/\\])(?<name>[^/\\]+)-(?<version>[^/\\-]+-[^/\\-]+)\.(?<arch>[^/\\.]+)\.rpm$", RegexOptions.CultureInvariant)]
    private static partial Regex PackageFile();
}
