using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Big-endian numbers within structures, by the offset of their field.</summary>
internal static class XfsField
{
    public static ReadOnlySpan<byte> AsReadOnly(this byte[] data) => data;

    public static ushort U16(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16BigEndian(data[offset..]);

    public static uint U32(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32BigEndian(data[offset..]);

    public static ulong U64(this ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64BigEndian(data[offset..]);

    public static void Put16(this Span<byte> data, int offset, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(data[offset..], value);

    public static void Put32(this Span<byte> data, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(data[offset..], value);

    public static void Put64(this Span<byte> data, int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(data[offset..], value);
}
