using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The two CRCs of a journal. Neither is inverted at the end, and seeds are passed on from one part to the next.</summary>
internal static class ExtJournalChecksum
{
    /// <summary>Polynomial 0x04C11DB7, most significant bit first: what crc32_be() of the kernel computes.</summary>
    private static readonly uint[] BigEndianTable = BuildTable();

    /// <summary>CRC32C, for checksums of version 2 and 3.</summary>
    internal static uint Crc32C(uint seed, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            seed = BitOperations.Crc32C(seed, BinaryPrimitives.ReadUInt64LittleEndian(data));
        }

        foreach (var b in data)
        {
            seed = BitOperations.Crc32C(seed, b);
        }

        return seed;
    }

    /// <summary>CRC32C of a block as if the four bytes at <paramref name="field"/>, its own checksum, were zero.</summary>
    internal static uint Crc32CWithoutField(uint seed, ReadOnlySpan<byte> block, int field)
    {
        seed = Crc32C(seed, block[..field]);
        seed = BitOperations.Crc32C(seed, 0u);
        return Crc32C(seed, block[(field + sizeof(uint))..]);
    }

    /// <summary>CRC32, for checksums of version 1.</summary>
    internal static uint Crc32BigEndian(uint seed, ReadOnlySpan<byte> data)
    {
        foreach (var b in data)
        {
            seed = (seed << 8) ^ BigEndianTable[(seed >> 24) ^ b];
        }

        return seed;
    }

    private static uint[] BuildTable()
    {
        const uint Polynomial = 0x04C11DB7;
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var crc = i << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x80000000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            }

            table[i] = crc;
        }

        return table;
    }
}
