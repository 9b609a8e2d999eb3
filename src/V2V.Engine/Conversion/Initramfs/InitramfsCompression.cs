namespace V2V.Engine.Conversion.Initramfs;

/// <summary>How a part of an initramfs is compressed. The kernel knows these by their first bytes (lib/decompress.c).</summary>
internal enum InitramfsCompression
{
    /// <summary>A newc archive as it is.</summary>
    None,
    Gzip,
    Bzip2,
    Lzma,
    Xz,
    Lzo,
    /// <summary>The format of "lz4 -l": no end mark, blocks of up to 8 MiB.</summary>
    Lz4Legacy,
    Zstd,
}

internal static class InitramfsMagic
{
    /// <summary>The compressor whose data starts here, as the kernel would tell; null when none does.</summary>
    public static InitramfsCompression? RecogniseCompression(ReadOnlySpan<byte> data) => data switch
    {
        [0x1F, 0x8B or 0x9E, ..] => InitramfsCompression.Gzip,
        [0x42, 0x5A, ..] => InitramfsCompression.Bzip2,
        [0x5D, 0x00, ..] => InitramfsCompression.Lzma,
        [0xFD, 0x37, ..] => InitramfsCompression.Xz,
        [0x89, 0x4C, ..] => InitramfsCompression.Lzo,
        [0x02, 0x21, ..] => InitramfsCompression.Lz4Legacy,
        [0x28, 0xB5, ..] => InitramfsCompression.Zstd,
        _ => null,
    };

    /// <summary>The name of something that stands where a newc archive should and is known not to be one; null when it is not known.</summary>
    public static string? RecogniseForeign(ReadOnlySpan<byte> data)
    {
        const int ExtMagicOffset = 1024 + 0x38;
        const int RomfsMagicLength = 8;
        return data switch
        {
            _ when data.StartsWith("MZ"u8) => "a PE file (unified kernel image)",
            _ when data.StartsWith("hsqs"u8) => "a squashfs image",
            _ when data.StartsWith("070707"u8) => "a cpio archive in the old portable (odc) format",
            _ when data.Length >= RomfsMagicLength && data.StartsWith("-rom1fs-"u8) => "a romfs ramdisk",
            _ when data.StartsWith((ReadOnlySpan<byte>)[0x45, 0x3D, 0xCD, 0x28]) => "a cramfs ramdisk",
            _ when data.Length > ExtMagicOffset + 1 && data[ExtMagicOffset] == 0x53 && data[ExtMagicOffset + 1] == 0xEF => "an ext2 ramdisk",
            _ => null,
        };
    }
}
