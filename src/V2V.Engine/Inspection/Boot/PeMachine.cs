using System.Buffers.Binary;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Boot;

/// <summary>The machine that an EFI program was built for, from its PE header (Microsoft's "PE Format", "COFF File Header").</summary>
internal static class PeMachine
{
    public const ushort X64 = 0x8664;

    private const int HeaderOffset = 0x3C;

    /// <summary>Null when the file is no such program.</summary>
    public static ushort? Read(GuestRoot root, string path)
    {
        if (!root.FileExists(path))
        {
            return null;
        }

        var at = root.Resolve(path);
        Span<byte> dos = stackalloc byte[HeaderOffset + sizeof(uint)];
        if (at.FileSystem.Read(at.Path, 0, dos) < dos.Length || !dos.StartsWith("MZ"u8))
        {
            return null;
        }

        Span<byte> coff = stackalloc byte[6];
        return at.FileSystem.Read(at.Path, BinaryPrimitives.ReadUInt32LittleEndian(dos[HeaderOffset..]), coff) == coff.Length && coff.StartsWith("PE\0\0"u8)
            ? BinaryPrimitives.ReadUInt16LittleEndian(coff[4..])
            : null;
    }
}
