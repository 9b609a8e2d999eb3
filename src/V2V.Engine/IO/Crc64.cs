using System.Buffers.Binary;

namespace V2V.Engine.IO;

/// <summary>CRC-64 as in ECMA-182, reflected: the check of .xz files (specification 1.1.0, section 6), eight bytes a step.</summary>
internal static class Crc64
{
    private const ulong ReversedPolynomial = 0xC96C5795D7870F42;
    private const int Slices = 8;

    private static readonly ulong[] s_table = CrcTable.Create(ReversedPolynomial, Slices);

    /// <summary>The checksum of <paramref name="data"/> following data whose checksum is <paramref name="crc"/> (0 at the start).</summary>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> data)
    {
        var table = s_table;
        var c = ~crc;
        while (data.Length >= Slices)
        {
            c ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            c = table[(7 << 8) + (byte)c] ^ table[(6 << 8) + (byte)(c >> 8)] ^ table[(5 << 8) + (byte)(c >> 16)] ^ table[(4 << 8) + (byte)(c >> 24)]
                ^ table[(3 << 8) + (byte)(c >> 32)] ^ table[(2 << 8) + (byte)(c >> 40)] ^ table[(1 << 8) + (byte)(c >> 48)] ^ table[(int)(c >> 56)];
            data = data[Slices..];
        }

        foreach (var value in data)
        {
            c = table[(byte)c ^ value] ^ (c >> 8);
        }

        return ~c;
    }
}
