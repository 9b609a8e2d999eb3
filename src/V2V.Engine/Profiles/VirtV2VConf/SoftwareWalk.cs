using V2V.Engine.Conversion.Software;

namespace V2V.Engine.Profiles.VirtV2VConf;

/// <summary>Collects the files of apps and of what they depend on.</summary>
internal sealed class SoftwareWalk(SoftwareCatalogue catalogue, SoftwareGuest guest, string? root)
{
    public const string Kernel = "kernel";

    private const string X64 = "x86_64";
    private const string X86 = "i386";

    /// <summary>The longest chain of dependencies. Those of real packages have two or three links.</summary>
    private const int MaximumDepth = 64;

    private readonly HashSet<(string Name, string Architecture)> _visited = [];
    private readonly List<SoftwarePackage> _packages = [];
    private readonly List<SoftwarePackage> _kernels = [];
    private readonly List<SoftwarePackage> _missing = [];

    public static string KernelArchitecture(SoftwareGuest guest) => guest.KernelArchitecture ?? (guest.Architecture == X86 ? "i686" : guest.Architecture);

    /// <exception cref="ProfileException">No app is for the guest, or one that is for it is malformed.</exception>
    public void Add(string name)
    {
        if (name == Kernel)
        {
            AddKernel();
        }
        else
        {
            Visit(name, guest.Architecture, 0);
        }
    }

    public ResolvedSoftware Finish() => new([.. _packages, .. _kernels], _missing);

    /// <summary>A kernel is installed whatever is installed already, beside the others and after all that it depends on.</summary>
    private void AddKernel()
    {
        var architecture = KernelArchitecture(guest);
        var (file, app) = catalogue.FindApp(guest, guest.KernelPackage, architecture);
        if (!_visited.Add((guest.KernelPackage, architecture)))
        {
            return;
        }

        var package = Package(guest.KernelPackage, file, app) with { IsKernel = true };
        Demand(package);
        _kernels.Add(package);
        foreach (var dependency in app.Dependencies)
        {
            Visit(dependency, guest.Architecture, 0);
        }
    }

    private void Visit(string name, string architecture, int depth)
    {
        if (!_visited.Add((name, architecture)))
        {
            return;
        }

        var (file, app) = catalogue.FindApp(guest, name, architecture);
        var package = Package(name, file, app);
        if (!Demand(package) || !SoftwareCatalogue.IsInstalled(guest, package.FullPath))
        {
            VisitDependencies(file, app, architecture, depth);
            _packages.Add(package);
        }

        if (architecture == X64)
        {
            VisitCopyFor32Bits(name, depth);
        }
    }

    /// <summary>A library that is installed for both kinds of processor has to stay the same for both.</summary>
    private void VisitCopyFor32Bits(string name, int depth)
    {
        if (!SoftwareCatalogue.IsInstalledFor32Bits(guest, name) || catalogue.TryFindApp(guest, name, X86) is not { } found || !_visited.Add((name, X86)))
        {
            return;
        }

        var package = Package(name, found.File, found.App);
        // An app that is for every processor is the one that was visited already.
        if (_packages.Concat(_missing).All(other => other.FullPath != package.FullPath)
            && (!Demand(package) || !SoftwareCatalogue.IsInstalled(guest, package.FullPath)))
        {
            VisitDependencies(found.File, found.App, X86, depth);
            _packages.Add(package);
        }
    }

    private void VisitDependencies(SoftwareFile file, SoftwareApp app, string architecture, int depth)
    {
        if (depth == MaximumDepth)
        {
            throw ConfigXml.Invalid(file.Path, $"Dependencies are nested deeper than {MaximumDepth}: {app.Text}");
        }

        foreach (var dependency in app.Dependencies)
        {
            Visit(dependency, architecture, depth + 1);
        }
    }

    /// <summary>False, and on the list of what is missing, when there is no such file or directory.</summary>
    private bool Demand(SoftwarePackage package)
    {
        var exists = File.Exists(package.FullPath) || Directory.Exists(package.FullPath);
        if (!exists)
        {
            _missing.Add(package);
        }

        return exists;
    }

    private SoftwarePackage Package(string name, SoftwareFile file, SoftwareApp app)
    {
        var path = app.Path ?? throw ConfigXml.Invalid(file.Path, $"app entry in config doesn't contain a path: {app.Text}");
        if (Path.IsPathFullyQualified(path))
        {
            return new SoftwarePackage(name, path, path);
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root ?? file.PathRoot ?? ConversionProfile.DefaultSoftwareRoot));
        var full = Path.GetFullPath(Path.Combine(folder, path));
        return full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? new SoftwarePackage(name, path, full)
            : throw ConfigXml.Invalid(file.Path, $"The path of an app leads out of {folder}: {app.Text}");
    }
}
