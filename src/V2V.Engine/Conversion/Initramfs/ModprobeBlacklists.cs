using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>Settings of modprobe.d(5) that keep a module from being loaded for its device: "blacklist NAME" and "install NAME /bin/true".</summary>
internal static class ModprobeBlacklists
{
    private static readonly string[] s_directories =
        ["etc/modprobe.d", "run/modprobe.d", "lib/modprobe.d", "usr/lib/modprobe.d", "usr/local/lib/modprobe.d"];

    /// <summary>The files in an image that block one of <paramref name="modules"/>, with these lines commented out.</summary>
    public static IEnumerable<(string Path, string Text, IReadOnlyList<string> Lines)> Lift(InitramfsTree tree, IReadOnlySet<string> modules)
    {
        foreach (var path in s_directories.SelectMany(d => tree.Enumerate(d)).Where(e => e.Node.IsRegular).Select(e => e.Path).Distinct())
        {
            var lines = new List<string>();
            if (tree.ReadText(path) is { } text && Lift(text, modules, lines) is var edited && lines.Count > 0)
            {
                yield return (path, edited, lines);
            }
        }
    }

    /// <param name="text">The content of a file.</param>
    /// <param name="modules">Names with '_'.</param>
    /// <param name="lifted">Takes the lines that were commented out.</param>
    public static string Lift(string text, IReadOnlySet<string> modules, ICollection<string> lifted) => TextLines.Edit(text, line =>
    {
        if (line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is not ["blacklist" or "install", var module, ..] || !modules.Contains(module.Replace('-', '_')))
        {
            return line;
        }

        lifted.Add(line.Trim());
        return "# " + line;
    });
}
