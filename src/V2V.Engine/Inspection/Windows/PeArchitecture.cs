using System.Buffers.Binary;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Windows;

/// <summary>The architecture that a Windows was built for, from the PE header of a program that every version has.</summary>
internal static class PeArchitecture
{
    private static readonly string[] Programs = ["cmd.exe", "ntoskrnl.exe", "kernel32.dll"];

    /// <summary>Offsets in the DOS header and from the PE signature (PE format, "MS-DOS stub" and "COFF file header").</summary>
    private static class Offsets
    {
        public const int PeHeader = 0x3C;
        public const int Machine = 4;
    }

    private const int DosHeaderLength = 0x40;

    /// <summary>Enough for any real program: the stub before the PE header is a few hundred bytes.</summary>
    private const uint MaxPeHeaderOffset = 1 << 20;

    /// <summary>Null when none of the programs can be read.</summary>
    public static string? Detect(GuestRoot root, string systemRoot)
    {
        foreach (var program in Programs)
        {
            try
            {
                var at = root.Resolve($"{systemRoot}/system32/{program}");
                if (at.FileSystem.Find(at.Path) is { IsRegular: true } && Read(at) is { } architecture)
                {
                    return architecture;
                }
            }
            catch (GuestFileSystemException)
            {
                // One that cannot be read, as when it was moved to a cloud or deduplicated, leaves the others.
            }
        }

        return null;
    }

    private static string? Read(GuestLocation at)
    {
        Span<byte> dos = stackalloc byte[DosHeaderLength];
        Span<byte> pe = stackalloc byte[Offsets.Machine + sizeof(ushort)];
        if (at.FileSystem.Read(at.Path, 0, dos) != dos.Length || !dos.StartsWith("MZ"u8))
        {
            return null;
        }

        var offset = BinaryPrimitives.ReadUInt32LittleEndian(dos[Offsets.PeHeader..]);
        return offset <= MaxPeHeaderOffset && at.FileSystem.Read(at.Path, offset, pe) == pe.Length && pe.StartsWith("PE\0\0"u8)
            ? Name(BinaryPrimitives.ReadUInt16LittleEndian(pe[Offsets.Machine..]))
            : null;
    }

    /// <summary>Names as Linux has them, like those of the other guests (PE format, "Machine types").</summary>
    private static string? Name(ushort machine) => machine switch
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
}
