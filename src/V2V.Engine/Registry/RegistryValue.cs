namespace V2V.Engine.Registry;

/// <summary>A value of a key, as stored.</summary>
/// <param name="Name">Name as spelled in the hive; "" is the key's default value.</param>
/// <param name="Kind">Type; may be a number that the enumeration does not name.</param>
/// <param name="Data">The bytes, in the guest's byte order (little-endian), strings in UTF-16.</param>
public sealed record RegistryValue(string Name, RegistryValueKind Kind, ReadOnlyMemory<byte> Data)
{
    /// <summary>Text of a REG_SZ, REG_EXPAND_SZ (unexpanded) or REG_LINK up to the first NUL; null for other kinds.</summary>
    public string? AsString()
    {
        if (Kind is not (RegistryValueKind.String or RegistryValueKind.ExpandString or RegistryValueKind.Link))
        {
            return null;
        }

        var text = Text();
        var end = text.IndexOf('\0', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    /// <summary>A REG_DWORD's number; null for other kinds and when it has not its four bytes.</summary>
    public uint? AsUInt32() =>
        Kind == RegistryValueKind.UInt32 && Data.Length == sizeof(uint)
            ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(Data.Span)
            : null;

    /// <summary>The strings of a REG_MULTI_SZ up to the empty one that ends it (which programs forget at times); null for other kinds.</summary>
    public IReadOnlyList<string>? AsStrings()
    {
        if (Kind != RegistryValueKind.MultiString)
        {
            return null;
        }

        return [.. Text().Split('\0').TakeWhile(s => s.Length > 0)];
    }

    /// <summary>Lone surrogates survive, as Windows lets them; an odd last byte is no character.</summary>
    private string Text() => RegistryNames.FromUtf16(Data.Span[..(Data.Length & ~1)]);
}
