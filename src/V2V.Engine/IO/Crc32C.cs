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

    /// <summary>Two registers at once, in half the time: a processor begins an instruction before the one of the other register has ended.</summary>
    public static (uint First, uint Second) AppendBoth(uint register, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var (a, b) = (register, register);
        while (first.Length >= sizeof(ulong) && second.Length >= sizeof(ulong))
        {
            a = BitOperations.Crc32C(a, BinaryPrimitives.ReadUInt64LittleEndian(first));
            b = BitOperations.Crc32C(b, BinaryPrimitives.ReadUInt64LittleEndian(second));
            first = first[sizeof(ulong)..];
            second = second[sizeof(ulong)..];
        }

        return (Append(a, first), Append(b, second));
    }

    /// <summary>Appends the four bytes of a little-endian number.</summary>
    public static uint Append(uint register, uint value) => BitOperations.Crc32C(register, value);

    /// <summary>Appends the eight bytes of a little-endian number.</summary>
    public static uint Append(uint register, ulong value) => BitOperations.Crc32C(register, value);
}
