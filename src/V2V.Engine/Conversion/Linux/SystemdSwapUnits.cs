using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Gives systemd's swap units lasting devices. Such a unit has to be called after its device, or systemd does not load it (systemd.swap(5)), so
/// it gets a new name, and the links that enable it too.
/// </summary>
internal static partial class SystemdSwapUnits
{
    private const string Directory = "/etc/systemd/system";

    internal static void Correct(ConversionContext context, StableNames names, string why)
    {
        foreach (var unit in context.Files.Root.Enumerate(Directory).Where(u => u.Name.EndsWith(".swap", StringComparison.Ordinal)).ToList())
        {
            var path = $"{Directory}/{unit.Name}";
            if (context.Files.Root.FindNoFollow(path) is { IsRegular: true }
                && context.Files.TryReadAllText(path) is { } text
                && WhatAssignment().Match(text) is { Success: true } match
                && UnitNameOf(match.Groups["device"].Value) == unit.Name
                && names.Replace(match.Groups["device"].Value, path, "swap") is { } stable)
            {
                var device = match.Groups["device"];
                var newDevice = StableNames.LinkOf(stable);
                var newPath = $"{Directory}/{UnitNameOf(newDevice)}";
                context.Files.WriteAllText(newPath, new FieldSpan(device.Index, device.Length).Replace(text, newDevice), $"{device.Value} becomes {newDevice}", why);
                MoveLinks(context, unit.Name, UnitNameOf(newDevice), why);
                context.Files.Delete(path, why);
            }
        }
    }

    /// <summary>The links in swap.target.wants and the like.</summary>
    private static void MoveLinks(ConversionContext context, string oldName, string newName, string why)
    {
        foreach (var directory in context.Files.Root.Enumerate(Directory).Where(d => d.Name.EndsWith(".wants", StringComparison.Ordinal) || d.Name.EndsWith(".requires", StringComparison.Ordinal)).ToList())
        {
            var link = $"{Directory}/{directory.Name}/{oldName}";
            if (context.Files.Root.TryReadLink(link) is { } target)
            {
                context.Files.CreateSymbolicLink(
                    $"{Directory}/{directory.Name}/{newName}", target[..(target.LastIndexOf('/') + 1)] + newName, "enables the renamed unit", why);
                context.Files.Delete(link, why);
            }
        }
    }

    /// <summary>A path as a unit's name: slashes become hyphens, and what is neither letter, digit, '_', ':' nor '.' is escaped (systemd.unit(5)).</summary>
    internal static string UnitNameOf(string path) => string.Concat(GuestText.Encode(path.Trim('/')).Select((b, i) => (char)b switch
    {
        '/' => "-",
        '.' when i == 0 => @"\x2e",
        var c when char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '.' => c.ToString(),
        _ => $"\\x{b:x2}",
    })) + ".swap";

    [GeneratedRegex(@"^\s*What\s*=\s*(?<device>/dev/\S+)", RegexOptions.Multiline)]
    private static partial Regex WhatAssignment();
}
