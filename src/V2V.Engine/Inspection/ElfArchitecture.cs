using System.Buffers.Binary;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection;

/// <summary>The architecture that a Linux root was built for, from the ELF header of a program that every system has.</summary>
internal static class ElfArchitecture
{
    private static readonly string[] Programs = ["/bin/bash", "/bin/ls", "/bin/echo", "/bin/rm", "/bin/sh", "/sbin/init"];

    public static string? Detect(GuestRoot root)
    {
        Span<byte> header = stackalloc byte[20];
        foreach (var program in Programs)
        {
            if (!root.FileExists(program))
            {
                continue;
            }

            var at = root.Resolve(program);
            header.Clear();
            if (at.FileSystem.Read(at.Path, 0, header) == header.Length && Parse(header) is { } architecture)
            {
                return architecture;
            }
        }

        return null;
    }

    /// <summary>Names as uname(1) has them. e_machine from the ELF specification, figure 4-4 (gABI) and the processor supplements.</summary>
    internal static string? Parse(ReadOnlySpan<byte> header)
    {
        if (header.Length < 20 || !header.StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F']))
        {
            return null;
        }

        var is64Bit = header[4] == 2;
        var isLittleEndian = header[5] == 1;
        var machine = isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) : BinaryPrimitives.ReadUInt16BigEndian(header[18..]);
        return machine switch
        {
            3 => "i686",
            62 => "x86_64",
            183 => "aarch64",
            40 => "armv7l",
            21 => isLittleEndian ? "ppc64le" : "ppc64",
            20 => "ppc",
            22 => is64Bit ? "s390x" : "s390",
            243 => is64Bit ? "riscv64" : "riscv32",
            50 => "ia64",
            _ => null,
        };
    }
}
