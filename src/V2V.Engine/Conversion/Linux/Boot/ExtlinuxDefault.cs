using System.Text.RegularExpressions;
using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Boot;

namespace V2V.Engine.Conversion.Linux.Boot;

/// <summary>extlinux' DEFAULT, unless that names the menu program, and the mark MENU DEFAULT, which moves to the entry.</summary>
internal static partial class ExtlinuxDefault
{
    private const string AlpineSettings = "/etc/update-extlinux.conf";

    public static void Set(ConversionContext context, BootMenuEntry entry, string why)
    {
        var what = $"default is {entry.Title}";
        var labels = context.Guest.BootLoader.Menu.Entries.Select(e => e.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Extlinux.Configurations(context.Files.Root))
        {
            context.Files.WriteAllText(file, Edit(context.Files.Root.ReadAllText(file), entry.Id, labels), what, why);
        }

        // Alpine's generator knows the kernels by flavour, which is its label.
        if (context.Files.TryReadAllText(AlpineSettings) is { } settings)
        {
            context.Files.WriteAllText(AlpineSettings, TextLines.Edit(settings, line => line.StartsWith("default=", StringComparison.Ordinal) ? $"default={entry.Id}" : line), what, why);
        }
    }

    private static string Edit(string text, string label, HashSet<string> labels)
    {
        var hasMenuDefault = false;
        var lines = new List<string>();
        foreach (var line in TextLines.Split(text))
        {
            var (keyword, argument) = Extlinux.Split(line);
            if (keyword == "MENU DEFAULT")
            {
                hasMenuDefault = true;
            }
            else
            {
                lines.Add(keyword == "DEFAULT" && labels.Contains(argument) ? DefaultLine().Replace(line, "${start}" + label.Replace("$", "$$", StringComparison.Ordinal)) : line);
            }
        }

        var at = lines.FindIndex(l => Extlinux.Split(l) is ("LABEL", var argument) && argument == label);
        if (hasMenuDefault && at >= 0)
        {
            lines.Insert(at + 1, "  MENU DEFAULT\n");
        }

        return string.Concat(lines);
    }

    [GeneratedRegex(@"^(?<start>\s*\S+\s+)[^\r\n]*")]
    private static partial Regex DefaultLine();
}
