using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>Formats that are known by their signatures and cannot be read: refused by name, for as raw disks they would be garbage.</summary>
internal static class ForeignFormats
{
    private const string ConvertFirst = "Convert it first, for instance with 'qemu-img convert -O qcow2'; if it is a raw disk, say the format raw explicitly.";
    private const string DescriptorAdvice = "Open the disk's descriptor, the small .vmdk file beside it; if it is a raw disk, say the format raw explicitly.";
    private const int TrailerSize = 512;

    private const string DecompressFirst = "Decompress it first; if it is a raw disk, say the format raw explicitly.";

    private const string DecryptFirst =
        "Decrypt it first with 'qemu-img convert' and its secret. A disk that the guest itself encrypted as a whole is a raw one: give it a name that ends in '.img'.";

    /// <param name="Name">What the file is.</param>
    /// <param name="Offset">Where its signature stands; counted from the end if negative.</param>
    /// <param name="Bytes">The signature.</param>
    /// <param name="Advice">The way out.</param>
    /// <param name="IsGuests">A guest can make a raw disk begin so, rightly: a name that does not speak against it is believed.</param>
    private sealed record Signature(string Name, int Offset, byte[] Bytes, string Advice, bool IsGuests = false);

    private static readonly Signature[] s_signatures =
    [
        new("the data of an ESX snapshot (COWD, vmfsSparse)", 0, [.. "COWD"u8],
            DescriptorAdvice),
        new("the data of an ESXi snapshot (SEsparse)", 0, [0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0],
            DescriptorAdvice),
        new("an image of Bochs", 0, [.. "Bochs Virtual HD Image"u8], ConvertFirst),
        new("a compressed image for Linux's cloop driver", 0, [.. "#!/bin/sh\n#V2.0 Format\n"u8], ConvertFirst),
        new("an image of macOS (DMG)", 0, [.. "koly"u8], ConvertFirst),
        new("an image of macOS (DMG)", -TrailerSize, [.. "koly"u8], ConvertFirst),
        new("an image encrypted with LUKS", 0, [.. "LUKS"u8, 0xBA, 0xBE], DecryptFirst, IsGuests: true),
        new("a tar archive", 257, [.. "ustar"u8], "If it is an OVA, give it as the guest's source, not as a disk."),
        new("a gzip file", 0, [0x1F, 0x8B, 8], DecompressFirst),
        new("an xz file", 0, [0xFD, .. "7zXZ"u8, 0], DecompressFirst),
        new("a zstd file", 0, [0x28, 0xB5, 0x2F, 0xFD], DecompressFirst),
        new("a bzip2 file", 0, [.. "BZh"u8], DecompressFirst),
        new("a zip archive", 0, [.. "PK"u8, 3, 4], DecompressFirst),
    ];

    public static void Refuse(DiskFile file, ReadOnlySpan<byte> start)
    {
        Span<byte> trailer = stackalloc byte[TrailerSize];
        trailer = trailer[..(int)Math.Min(TrailerSize, file.Length)];
        file.Read(file.Length - trailer.Length, trailer);
        foreach (Signature signature in s_signatures)
        {
            ReadOnlySpan<byte> bytes = signature.Offset < 0 ? trailer : start[Math.Min(signature.Offset, start.Length)..];
            if (bytes.StartsWith(signature.Bytes) && !(signature.IsGuests && IsNamedAsRaw(file)))
            {
                throw Refused(file, signature.Offset < 0 ? file.Length + signature.Offset : signature.Offset, signature.Name, signature.Advice);
            }
        }
    }

    /// <summary>Block devices and volumes have no extension.</summary>
    private static bool IsNamedAsRaw(DiskFile file) => !Path.HasExtension(file.Path) || Array.Find(DiskImages.Formats, f => f.Name == "raw")!.IsNamed(file);

    private static DiskImageException Refused(DiskFile file, long offset, string name, string advice) => new(
        V2VError.DiskImageUnsupported, $"'{file.Path}' is {name}, which cannot be read as a disk.")
    {
        Path = file.Path,
        Offset = offset,
        Advice = advice,
    };
}
