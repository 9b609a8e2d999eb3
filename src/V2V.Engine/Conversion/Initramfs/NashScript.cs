using System.Text.RegularExpressions;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The init script of Red Hat's mkinitrd up to RHEL 5, which nash runs: it loads a fixed list of modules by "insmod /lib/NAME.ko" and knows
/// nothing of modaliases.
/// </summary>
internal static partial class NashScript
{
    /// <summary>True when the script loads all of these modules from files that are there.</summary>
    public static bool Loads(InitramfsTree tree, IEnumerable<string> modules)
    {
        var loaded = Insmod().Matches(tree.ReadText("init") ?? "").Select(m => m.Groups["path"].Value).Where(tree.FileExists).Select(KmodAlias.ModuleName).ToHashSet();
        return modules.All(loaded.Contains);
    }

    [GeneratedRegex(@"^\s*insmod\s+(?<path>/\S+\.ko)\b", RegexOptions.Multiline)]
    private static partial Regex Insmod();
}
