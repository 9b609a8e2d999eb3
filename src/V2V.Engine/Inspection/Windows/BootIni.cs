namespace V2V.Engine.Inspection.Windows;

/// <summary>An entry of NTLDR's boot.ini.</summary>
/// <param name="Device">"multi(0)disk(0)rdisk(0)partition(2)", or the file that is started: "C:\CMDCONS\BOOTSECT.DAT".</param>
/// <param name="Directory">Directory of Windows on that partition with '/': "/WINDOWS"; null for what is no Windows.</param>
/// <param name="Title">What the menu shows, without quotes.</param>
/// <param name="Options">What follows: "/fastdetect /NoExecute=OptOut".</param>
internal sealed record BootIniEntry(string Device, string? Directory, string Title, string Options);

/// <summary>
/// boot.ini, the boot menu of Windows before Vista (Microsoft, "Boot.ini Options Reference"): an INI file whose section [operating systems] has a
/// line for each system, with the device and path by ARC names.
/// </summary>
internal static class BootIni
{
    /// <summary>NTLDR shows ten entries; a file with more than these has something else in it.</summary>
    private const int MaxEntries = 64;

    public static IReadOnlyList<BootIniEntry> Parse(string text)
    {
        var entries = new List<BootIniEntry>();
        var isInSection = false;
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith('['))
            {
                isInSection = line.StartsWith("[operating systems]", StringComparison.OrdinalIgnoreCase);
            }
            else if (isInSection && !line.StartsWith(';') && line.IndexOf('=') is > 0 and var equals && entries.Count < MaxEntries)
            {
                entries.Add(Entry(line[..equals].Trim(), line[(equals + 1)..].Trim()));
            }
        }

        return entries;
    }

    private static BootIniEntry Entry(string target, string value)
    {
        var (title, options) = value.StartsWith('"') && value.IndexOf('"', 1) is > 0 and var end
            ? (value[1..end], value[(end + 1)..].Trim())
            : value.IndexOf(" /", StringComparison.Ordinal) is > 0 and var slash ? (value[..slash].Trim(), value[(slash + 1)..]) : (value, "");
        var isArc = target.StartsWith("multi(", StringComparison.OrdinalIgnoreCase)
            || target.StartsWith("scsi(", StringComparison.OrdinalIgnoreCase)
            || target.StartsWith("signature(", StringComparison.OrdinalIgnoreCase);
        var path = target.IndexOf(")\\", StringComparison.Ordinal);
        return isArc && path > 0
            ? new BootIniEntry(target[..(path + 1)], target[(path + 1)..].TrimEnd('\\').Replace('\\', '/'), title, options)
            : new BootIniEntry(target, null, title, options);
    }
}
