using System.Text;

namespace V2V.Engine.Inspection;

/// <summary>One line of /etc/fstab (fstab(5)), with its fields unescaped.</summary>
/// <param name="Device">The first field without quotes and escapes: "/dev/sda1", "UUID=...", "LABEL=my disk".</param>
/// <param name="MountPoint">Without a trailing slash; "none" or "swap" for swap space.</param>
/// <param name="Kind">File system type.</param>
/// <param name="Options">Mount options.</param>
internal sealed record FstabEntry(string Device, string MountPoint, string Kind, IReadOnlyList<string> Options)
{
    public bool IsSwap => Kind == "swap";

    public bool IsBind => Options.Contains("bind") || Options.Contains("rbind");

    public bool IsAutomatic => !Options.Contains("noauto");

    /// <summary>CD-ROM and floppy drives, by name or by what is expected in them.</summary>
    public bool IsRemovable =>
        Kind.Split(',').Any(k => k is "iso9660" or "udf")
        || Device.StartsWith("/dev/fd", StringComparison.Ordinal)
        || Device.StartsWith("/dev/sr", StringComparison.Ordinal)
        || Device.StartsWith("/dev/scd", StringComparison.Ordinal)
        || Device.StartsWith("/dev/cd", StringComparison.Ordinal)
        || Device.StartsWith("/dev/dvd", StringComparison.Ordinal)
        || Device == "/dev/floppy";

    public static IEnumerable<FstabEntry> Parse(string text) =>
        TextLines.Split(text).Select(TryParseLine).OfType<FstabEntry>();

    public static FstabEntry? TryParseLine(string line)
    {
        var fields = FieldSpan.Split(line);
        if (fields.Count < 2)
        {
            return null;
        }

        var mountPoint = Unescape(fields[1].Of(line));
        return new FstabEntry(
            Unquote(Unescape(fields[0].Of(line))),
            mountPoint.Length > 1 ? mountPoint.TrimEnd('/') : mountPoint,
            fields.Count > 2 ? fields[2].Of(line) : "auto",
            fields.Count > 3 ? fields[3].Of(line).Split(',') : []);
    }

    /// <summary>UUID="..." and LABEL='...' are the values within the quotes.</summary>
    private static string Unquote(string device)
    {
        var equals = device.IndexOf('=');
        if (equals < 0 || device.Length < equals + 3 || device[equals + 1] is not ('"' or '\'') || device[^1] != device[equals + 1])
        {
            return device;
        }

        return device[..(equals + 1)] + device[(equals + 2)..^1];
    }

    /// <summary>Blanks are written as \040 and the like: three octal digits (getmntent(3)).</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
        {
            return field;
        }

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && field.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
