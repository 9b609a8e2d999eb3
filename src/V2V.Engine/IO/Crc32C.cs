using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.IO;

/// <summary>CRC-32C (Castagnoli polynomial, reflected) as a running register: no initial value and no final inversion are implied.</summary>
internal static class Crc32C
{
    public static uint Append(uint register, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (var value in data)
        {
            register = BitOperations.Crc32C(register, value);
        }

        return register;
    }

    /// <summary>Appends the four bytes of a little-endian number.</summary>
    public static uint Append(uint register, uint value) => BitOperations.Crc32C(register, value);

    /// <summary>Appends the eight bytes of a little-endian number.</summary>
    public static uint Append(uint register, ulong value) => BitOperations.Crc32C(register, value);
}
