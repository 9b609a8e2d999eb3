using System.Buffers.Binary;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>What stands before every piece of a stream-optimized extent.</summary>
/// <param name="Value">First sector of the grain on the disk; for other pieces their number of sectors.</param>
/// <param name="Size">Bytes of compressed data; 0 for other pieces, which have a type.</param>
/// <param name="Type">Kind of a piece that is not a grain: 0 end of stream, 1 grain table, 2 grain directory, 3 footer.</param>
internal readonly record struct VmdkMarker(ulong Value, uint Size, uint Type)
{
    /// <summary>Bytes before a grain's compressed data.</summary>
    public const int GrainHeaderSize = 12;

    private static class Field
    {
        public const int Value = 0;
        public const int Size = 8;
        public const int Type = 12;
    }

    public static VmdkMarker Parse(ReadOnlySpan<byte> data)
    {
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(data[Field.Size..]);
        return new VmdkMarker(
            BinaryPrimitives.ReadUInt64LittleEndian(data[Field.Value..]),
            size,
            size == 0 && data.Length >= Field.Type + sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(data[Field.Type..]) : 0);
    }
}
