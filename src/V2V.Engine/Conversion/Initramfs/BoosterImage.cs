using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// An image of booster, whose init reads no index of kmod's: modules lie flat and uncompressed in /usr/lib/modules, booster.alias leads to
/// them, and booster.init.yaml has their dependencies (booster's init/module.go).
/// </summary>
internal sealed partial class BoosterImage
{
    public const string ModuleDirectory = "usr/lib/modules";
    public const string ConfigurationPath = "etc/booster.init.yaml";
    public const string AliasPath = ModuleDirectory + "/booster.alias";

    private const string DependenciesKey = "moduledependencies:";

    private readonly InitramfsTree _tree;
    private readonly List<string> _configuration;
    private readonly HashSet<(string Pattern, string Module)> _aliases;

    /// <exception cref="ConversionException">A file that booster's init needs is missing, or it is for another kernel.</exception>
    public BoosterImage(InitramfsTree tree, string kernel)
    {
        _tree = tree;
        _configuration = TextLines.Split(tree.ReadText(ConfigurationPath) ?? throw Missing(ConfigurationPath));
        AliasText = tree.ReadText(AliasPath) ?? throw Missing(AliasPath);
        _aliases = [.. TextLines.Split(AliasText).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length == 2).Select(w => (w[0], w[1]))];
        var version = _configuration.Select(l => KernelKey().Match(l)).FirstOrDefault(m => m.Success)?.Groups["version"].Value;
        if (version is not null && version != kernel)
        {
            throw InitramfsErrors.Unsupported($"The initramfs is for the kernel {version} instead of {kernel}.");
        }
    }

    public string AliasText { get; }

    public bool HasModule(string module) => _tree.FileExists($"{ModuleDirectory}/{module}.ko");

    /// <summary>True when the module's file and those of all that it depends on are there, and the latter are listed.</summary>
    public bool CanLoad(KernelModule module) =>
        HasModule(module.Name) && module.Dependencies.All(HasModule) && !module.Dependencies.Except(Dependencies(module.Name)).Any();

    public bool HasAlias(string pattern, string module) => _aliases.Contains((pattern, module));

    /// <summary>True when the driver is found for its device.</summary>
    public bool IsFound(InitramfsDriver driver) =>
        driver.ModAlias is null || _aliases.Any(a => a.Module == driver.Module && KmodAlias.Matches(a.Pattern, KmodAlias.Normalise(driver.ModAlias) ?? driver.ModAlias));

    /// <summary>The modules that are loaded before another, as the configuration lists them.</summary>
    private IReadOnlyList<string> Dependencies(string module)
    {
        var (start, end) = Section();
        var key = _configuration.FindIndex(start, end - start, l => l.Trim() == $"{module}:");
        return key < 0 ? [] : [.. _configuration.Skip(key + 1).Select(l => l.Trim()).TakeWhile(l => l.StartsWith("- ", StringComparison.Ordinal)).Select(l => l[2..])];
    }

    /// <summary>The configuration with dependencies of modules that it does not know yet.</summary>
    public string WithDependencies(IEnumerable<KernelModule> modules)
    {
        var (start, end) = Section();
        var known = _configuration.GetRange(start, end - start).Select(l => l.Trim()).ToHashSet(StringComparer.Ordinal);
        var added = modules.Where(m => m.Dependencies.Count > 0 && !known.Contains($"{m.Name}:")).ToArray();
        if (added.Length == 0)
        {
            return string.Concat(_configuration);
        }

        var result = new StringBuilder();
        result.AppendJoin("", _configuration.Take(start));
        if (start == end && (start == 0 || _configuration[start - 1].Trim() != DependenciesKey))
        {
            result.Append(result.Length > 0 && result[^1] != '\n' ? "\n" : "").Append(DependenciesKey).Append('\n');
        }

        // Entries of one mapping have one indentation.
        var indent = start < end ? _configuration[start][..^_configuration[start].TrimStart(' ').Length] : "    ";
        foreach (var module in added)
        {
            result.Append(indent).Append(module.Name).Append(":\n");
            foreach (var dependency in module.Dependencies)
            {
                result.Append(indent).Append(indent).Append("- ").Append(dependency).Append('\n');
            }
        }

        return result.AppendJoin("", _configuration.Skip(start)).ToString();
    }

    /// <summary>The lines below "moduledependencies:"; where the mapping is missing, the empty range at the end.</summary>
    private (int Start, int End) Section()
    {
        var key = _configuration.FindIndex(l => l.TrimEnd() == DependenciesKey);
        if (key < 0)
        {
            return (_configuration.Count, _configuration.Count);
        }

        var end = _configuration.FindIndex(key + 1, l => l.Length > 0 && l[0] is not (' ' or '\n'));
        return (key + 1, end < 0 ? _configuration.Count : end);
    }

    private static ConversionException Missing(string path) =>
        InitramfsErrors.Unsupported($"The initramfs made by booster has no /{path}, or one that is larger than such files are.");

    [GeneratedRegex(@"^kernel:\s*[""']?(?<version>[^\s""']+)")]
    private static partial Regex KernelKey();
}
