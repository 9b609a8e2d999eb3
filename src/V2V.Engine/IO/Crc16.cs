namespace V2V.Engine.IO;

/// <summary>CRC-16 (polynomial 0x8005, reflected; "CRC-16/ARC") as a running register, as ext4's uninit_bg checksums use it.</summary>
internal static class Crc16
{
    private const ushort ReflectedPolynomial = 0xA001;

    private static readonly ushort[] s_table = CrcTable.Create(ReflectedPolynomial, slices: 1);

    public static ushort Append(ushort register, ReadOnlySpan<byte> data)
    {
        foreach (var value in data)
        {
            register = (ushort)((register >> 8) ^ s_table[(byte)(register ^ value)]);
        }

        return register;
    }
}
