using System.Text;
using System.Text.RegularExpressions;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The init script of Red Hat's mkinitrd up to RHEL 5, which nash runs: it loads a fixed list of modules by "insmod /lib/NAME.ko" and knows
/// nothing of modaliases.
/// </summary>
internal static partial class NashScript
{
    public const string Path = "init";

    /// <summary>True when the script loads the module from a file that is there.</summary>
    public static bool Loads(string script, InitramfsTree tree, string module) =>
        Insmod().Matches(script).Select(m => m.Groups["path"].Value).Any(path => KmodAlias.ModuleName(path) == module && tree.FileExists(path));

    /// <summary>Where mkinitrd puts modules.</summary>
    public static string ModulePath(string module) => $"lib/{module}.ko";

    /// <summary>The script with modules loaded, and device nodes made for what they find, before it looks for the root.</summary>
    /// <param name="script">The script.</param>
    /// <param name="modules">Their names, each after those that it needs.</param>
    /// <exception cref="ConversionException">The script is not one of mkinitrd's.</exception>
    public static string WithModules(string script, IEnumerable<string> modules)
    {
        var lines = TextLines.Split(script);
        var at = lines.FindIndex(line => StorageCommand().IsMatch(line));
        if (at < 0)
        {
            throw InitramfsErrors.Unsupported("The initramfs has a script of nash that makes no root device, so that V2V does not know where drivers have to be loaded.");
        }

        var text = new StringBuilder();
        foreach (var module in modules)
        {
            text.Append($"echo \"Loading {module}.ko module\"\ninsmod /{ModulePath(module)}\n");
        }

        lines.Insert(at, text.Append("mkblkdevs\n").ToString());
        return string.Concat(lines);
    }

    [GeneratedRegex(@"^\s*insmod\s+(?<path>/\S+\.ko)\b", RegexOptions.Multiline)]
    private static partial Regex Insmod();

    /// <summary>What needs disks: waiting for them, RAID, multipath, LVM, and the root itself (mkinitrd 5.1, in the order in which it writes them).</summary>
    [GeneratedRegex(@"^\s*(stabilized|raidautorun|mkdmnod|rmparts|dm|kpartx|multipath|dmraid|lvm|resume|mkrootdev)\s")]
    private static partial Regex StorageCommand();
}
