using System.Text;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>Which of its names a volume is read by, from the best to the poorest.</summary>
internal enum IsoNaming
{
    RockRidge,
    Joliet,
    Plain,
}

internal static class IsoNames
{
    /// <summary>The name in a directory record, without version and without the dot of an empty extension.</summary>
    public static string Decode(byte[] name, IsoNaming naming)
    {
        var text = naming == IsoNaming.Joliet ? Encoding.BigEndianUnicode.GetString(name) : GuestText.Decode(name);
        var semicolon = text.LastIndexOf(';');
        if (semicolon > 0 && text.AsSpan(semicolon + 1).IndexOfAnyExceptInRange('0', '9') < 0)
        {
            text = text[..semicolon];
        }

        return naming == IsoNaming.Joliet || text.Length == 1 ? text : text.EndsWith('.') ? text[..^1] : text;
    }

    /// <summary>Whether a name can be one component of a path.</summary>
    public static bool IsUsable(string name) => name is not ("" or "." or "..") && name.AsSpan().IndexOfAny('/', '\0') < 0;
}
