using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Little-endian numbers within structures, by the offset of their field.</summary>
internal static class NtfsField
{
    public static ReadOnlySpan<byte> AsReadOnly(this byte[] data) => data;

    public static ushort U16(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);

    public static uint U32(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    public static ulong U64(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);

    public static long I64(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadInt64LittleEndian(data[offset..]);

    public static void Put16(this Span<byte> data, int offset, int value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(data[offset..], checked((ushort)value));

    public static void Put32(this Span<byte> data, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(data[offset..], value);

    public static void Put64(this Span<byte> data, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(data[offset..], value);

    public static void PutI64(this Span<byte> data, int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(data[offset..], value);
}
