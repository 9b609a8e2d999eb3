using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>What a journal adds to CRC-32C: sums over blocks that hold their own checksum, and the CRC of version 1. Neither is inverted at the end.</summary>
internal static class ExtJournalChecksum
{
    /// <summary>Polynomial 0x04C11DB7, most significant bit first: what crc32_be() of the kernel computes.</summary>
    private static readonly uint[] BigEndianTable = BuildTable();

    /// <summary>CRC-32C of a block as if the four bytes at <paramref name="field"/>, its own checksum, were zero.</summary>
    internal static uint WithoutField(uint seed, ReadOnlySpan<byte> block, int field)
    {
        seed = Crc32C.Append(seed, block[..field]);
        seed = Crc32C.Append(seed, 0u);
        return Crc32C.Append(seed, block[(field + sizeof(uint))..]);
    }

    /// <summary>CRC-32 for checksums of version 1.</summary>
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
