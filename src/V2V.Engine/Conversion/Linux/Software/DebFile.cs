using System.Globalization;
using System.Text;

namespace V2V.Engine.Conversion.Linux.Software;

/// <summary>The outside of a Debian package (deb(5)): an ar archive whose members are debian-binary, control.tar and data.tar.</summary>
internal static class DebFile
{
    private const string Magic = "!<arch>\n";
    private const int HeaderLength = 60;
    private const int NameLength = 16;
    private const int SizeOffset = 48;
    private const int SizeLength = 10;

    /// <summary>A package has three; what dpkg does not know ("_...") may stand between them.</summary>
    private const int MaxMembers = 16;

    /// <summary>What stands against its being a whole package; null when nothing does.</summary>
    public static string? FindFault(Stream stream)
    {
        var start = new byte[Magic.Length];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || Encoding.ASCII.GetString(start) != Magic)
        {
            return "it is no Debian package";
        }

        List<string> members = [];
        var header = new byte[HeaderLength];
        while (members.Count < MaxMembers && stream.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) is > 0 and var read)
        {
            if (read < HeaderLength || !long.TryParse(Field(header, SizeOffset, SizeLength), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            {
                return $"its archive is damaged at byte {stream.Position - read}";
            }

            members.Add(Field(header, 0, NameLength).TrimEnd('/'));
            var end = stream.Position + size;
            if (end > stream.Length)
            {
                return $"it has {stream.Length} bytes, and {end} by its header";
            }

            // Members begin at even offsets.
            stream.Position = Math.Min(end + (end % 2), stream.Length);
        }

        return members is ["debian-binary", ..] && members.Exists(m => m.StartsWith("control.tar", StringComparison.Ordinal))
            && members.Exists(m => m.StartsWith("data.tar", StringComparison.Ordinal))
            ? null
            : "it is no Debian package";
    }

    private static string Field(byte[] header, int offset, int length) => Encoding.ASCII.GetString(header, offset, length).TrimEnd(' ');
}
