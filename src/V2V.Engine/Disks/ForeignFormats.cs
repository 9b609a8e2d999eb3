using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>Formats that are known by their signatures and cannot be read: refused by name, for as raw disks they would be garbage.</summary>
internal static class ForeignFormats
{
    private const string ConvertFirst = "Convert it first, for instance with 'qemu-img convert -O qcow2'; if it is a raw disk, say the format raw explicitly.";
    private const string DescriptorAdvice = "Open the disk's descriptor, the small .vmdk file beside it; if it is a raw disk, say the format raw explicitly.";
    private const string DecompressFirst = "Decompress it first; if it is a raw disk, say the format raw explicitly.";

    private sealed record Signature(string Name, int Offset, byte[] Bytes, string Advice);

    private static readonly Signature[] s_signatures =
    [
        new("a qcow (version 1) image", 0, [.. "QFI"u8, 0xFB, 0, 0, 0, 1], ConvertFirst),
        new("a QED image", 0, [.. "QED\0"u8], ConvertFirst),
        new("the data of an ESX snapshot (COWD, vmfsSparse)", 0, [.. "COWD"u8],
            DescriptorAdvice),
        new("the data of an ESXi snapshot (SEsparse)", 0, [0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0],
            DescriptorAdvice),
        new("a tar archive", 257, [.. "ustar"u8], "If it is an OVA, give it as the guest's source, not as a disk."),
        new("a gzip file", 0, [0x1F, 0x8B, 8], DecompressFirst),
        new("an xz file", 0, [0xFD, .. "7zXZ"u8, 0], DecompressFirst),
        new("a zstd file", 0, [0x28, 0xB5, 0x2F, 0xFD], DecompressFirst),
        new("a bzip2 file", 0, [.. "BZh"u8], DecompressFirst),
        new("a zip archive", 0, [.. "PK"u8, 3, 4], DecompressFirst),
    ];

    public static void Refuse(DiskFile file, ReadOnlySpan<byte> start)
    {
        foreach (Signature signature in s_signatures)
        {
            if (start.Length >= signature.Offset && start[signature.Offset..].StartsWith(signature.Bytes))
            {
                throw Refused(file, signature.Offset, signature.Name, signature.Advice);
            }
        }
    }

    private static DiskImageException Refused(DiskFile file, long offset, string name, string advice) => new(
        V2VError.DiskImageUnsupported, $"'{file.Path}' is {name}, which cannot be read as a disk.")
    {
        Path = file.Path,
        Offset = offset,
        Advice = advice,
    };
}
