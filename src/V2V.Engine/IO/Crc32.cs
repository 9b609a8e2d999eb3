using System.Buffers.Binary;

namespace V2V.Engine.IO;

/// <summary>CRC-32 as in IEEE 802.3, gzip (RFC 1952, section 8), xz and GPT, eight bytes a step.</summary>
internal static class Crc32
{
    private const uint ReversedPolynomial = 0xEDB88320;
    private const int Slices = 8;

    private static readonly uint[] s_table = CrcTable.Create(ReversedPolynomial, Slices);

    /// <summary>The checksum of <paramref name="data"/> following data whose checksum is <paramref name="crc"/> (0 at the start).</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var table = s_table;
        var c = ~crc;
        while (data.Length >= Slices)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(data) ^ c;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            c = table[(7 << 8) + (byte)low] ^ table[(6 << 8) + (byte)(low >> 8)]
                ^ table[(5 << 8) + (byte)(low >> 16)] ^ table[(4 << 8) + (int)(low >> 24)]
                ^ table[(3 << 8) + (byte)high] ^ table[(2 << 8) + (byte)(high >> 8)]
                ^ table[(1 << 8) + (byte)(high >> 16)] ^ table[(int)(high >> 24)];
            data = data[Slices..];
        }

        foreach (var value in data)
        {
            c = table[(byte)(c ^ value)] ^ (c >> 8);
        }

        return ~c;
    }
}
