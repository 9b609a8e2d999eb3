using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Header of a bin, the unit by which hives grow; cells fill the rest of it without gaps.</summary>
internal readonly record struct HiveBin(uint Offset, uint Size)
{
    public const int HeaderSize = 32;

    public static ReadOnlySpan<byte> Signature => "hbin"u8;

    public uint End => Offset + Size;

    /// <summary>The header at <paramref name="offset"/> of the bins; null when there is none that fits.</summary>
    public static HiveBin? TryRead(HivePages pages, uint offset)
    {
        Span<byte> raw = stackalloc byte[Offsets.Reserved];
        pages.Read(offset, raw);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Size..]);
        var isRight = raw.StartsWith(Signature)
            && BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Offset..]) == offset
            && size is >= HivePages.PageSize && size % HivePages.PageSize == 0 && size <= pages.Size - offset;
        return isRight ? new HiveBin(offset, size) : null;
    }

    /// <summary>Writes a new bin's header. The timestamp behind it is of meaning in the first bin only.</summary>
    public void WriteTo(HivePages pages)
    {
        Span<byte> raw = stackalloc byte[HeaderSize];
        raw.Clear();
        Signature.CopyTo(raw);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Offset..], Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Size..], Size);
        pages.Write(Offset, raw);
    }

    /// <summary>FILETIME of the last write, in the first bin.</summary>
    public static ulong Timestamp(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt64LittleEndian(header[Offsets.Timestamp..]);

    private static class Offsets
    {
        public const int Offset = 4;
        public const int Size = 8;
        public const int Reserved = 12;
        public const int Timestamp = 20;
    }
}
