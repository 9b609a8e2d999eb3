using System.Buffers.Binary;

namespace V2V.Engine.Conversion.Windows;

/// <summary>The file version of a program, from the fixed part of its version resource (VS_FIXEDFILEINFO, winver.h).</summary>
internal static class PeVersion
{
    private const uint Signature = 0xFEEF04BD;

    private const uint StructureVersion = 0x00010000;

    private const int FileVersionHigh = 8;

    private const int Length = 52;

    /// <summary>Null when the program has none. The structure is found by its signature, which stands aligned to four bytes.</summary>
    public static Version? Of(ReadOnlySpan<byte> program)
    {
        Span<byte> start = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(start, Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(start[4..], StructureVersion);
        var at = program.IndexOf(start);
        if (at < 0 || at + Length > program.Length)
        {
            return null;
        }

        var high = BinaryPrimitives.ReadUInt32LittleEndian(program[(at + FileVersionHigh)..]);
        var low = BinaryPrimitives.ReadUInt32LittleEndian(program[(at + FileVersionHigh + 4)..]);
        return new Version((int)(high >> 16), (int)(high & 0xFFFF), (int)(low >> 16), (int)(low & 0xFFFF));
    }
}
