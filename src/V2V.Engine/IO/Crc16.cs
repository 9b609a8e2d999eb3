namespace V2V.Engine.IO;

/// <summary>CRC-16 (polynomial 0x8005, reflected; "CRC-16/ARC") as a running register, as ext4's uninit_bg checksums use it.</summary>
internal static class Crc16
{
    private const ushort ReflectedPolynomial = 0xA001;

    private static readonly ushort[] s_table = MakeTable();

    public static ushort Append(ushort register, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
        {
            register = (ushort)((register >> 8) ^ s_table[(byte)(register ^ value)]);
        }

        return register;
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var value = (ushort)i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (ushort)((value & 1) != 0 ? (value >> 1) ^ ReflectedPolynomial : value >> 1);
            }

            table[i] = value;
        }

        return table;
    }
}
