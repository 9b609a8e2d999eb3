using System.Buffers.Binary;

namespace V2V.Engine.IO;

/// <summary>Reads up to <c>buffer.Length</c> bytes from <paramref name="offset"/>; returns how many (0 at the end).</summary>
internal delegate int PositionalRead(long offset, Span<byte> buffer);

/// <summary>The little that is of interest in the headers of a Windows program or driver (PE format, "MS-DOS stub" and "COFF file header").</summary>
internal static class PeHeader
{
    private const int DosHeaderLength = 0x40;

    /// <summary>Enough for any real program: the stub before the PE header has a few hundred bytes.</summary>
    private const uint MaxOffset = 1 << 20;

    /// <summary>The code of the machine that a program is for; null when it is not a PE image.</summary>
    public static ushort? ReadMachine(PositionalRead read)
    {
        Span<byte> dos = stackalloc byte[DosHeaderLength];
        Span<byte> pe = stackalloc byte[Offsets.Machine + sizeof(ushort)];
        if (!ReadAll(read, 0, dos) || !dos.StartsWith("MZ"u8))
        {
            return null;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(dos[Offsets.PeHeader..]);
        return offset <= MaxOffset && ReadAll(read, offset, pe) && pe.StartsWith("PE\0\0"u8)
            ? BinaryPrimitives.ReadUInt16LittleEndian(pe[Offsets.Machine..])
            : null;
    }

    /// <summary>The architecture as Linux names it, like those of the other guests (PE format, "Machine types"); null for one that has no name here.</summary>
    public static string? ArchitectureOf(ushort? machine) => machine switch
    {
        0x14C => "i686",
        0x8664 => "x86_64",
        0xAA64 => "aarch64",
        0x1C4 => "armv7l",
        0x200 => "ia64",
        0x184 or 0x284 => "alpha",
        0x1F0 => "ppc",
        0x166 => "mips",
        _ => null,
    };

    private static bool ReadAll(PositionalRead read, long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = read(offset, buffer);
            if (count == 0)
            {
                return false;
            }

            buffer = buffer[count..];
            offset += count;
        }

        return true;
    }

    private static class Offsets
    {
        public const int PeHeader = 0x3C;

        /// <summary>From the PE signature.</summary>
        public const int Machine = 4;
    }
}
