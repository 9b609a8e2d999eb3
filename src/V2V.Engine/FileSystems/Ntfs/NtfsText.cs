namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>UTF-16LE as the volume stores it: any 16-bit units, surrogates need not be paired.</summary>
internal static class NtfsText
{
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        Span<char> units = bytes.Length <= 512 ? stackalloc char[bytes.Length / 2] : new char[bytes.Length / 2];
        for (var i = 0; i < units.Length; i++)
        {
            units[i] = (char)bytes.U16(2 * i);
        }

        return new string(units);
    }

    public static byte[] Encode(string text)
    {
        var bytes = new byte[text.Length * 2];
        Encode(text, bytes);
        return bytes;
    }

    public static void Encode(string text, Span<byte> target)
    {
        for (var i = 0; i < text.Length; i++)
        {
            target.Put16(2 * i, text[i]);
        }
    }
}
