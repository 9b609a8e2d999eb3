using System.Text;

namespace V2V.Engine.Disks.Transports;

/// <summary>Words of a server, which end up in messages: bounded, and without what a terminal would obey.</summary>
internal static class ServerText
{
    private const int MaximumLength = 200;

    public static string Clean(ReadOnlySpan<byte> utf8) => Clean(Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * MaximumLength)]));

    public static string Clean(string text)
    {
        string line = new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);
        return line.Length > MaximumLength ? line[..MaximumLength] + "..." : line;
    }
}
