namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>Archives of files, known by their first bytes.</summary>
internal static class ArchiveKinds
{
    private const int TarMagicOffset = 257;

    /// <summary>POSIX writes "ustar\0", GNU "ustar  ".</summary>
    public static bool IsTar(ReadOnlySpan<byte> head) => head.Length >= TarMagicOffset + 5 && head.Slice(TarMagicOffset, 5).SequenceEqual("ustar"u8);

    public static bool IsZip(ReadOnlySpan<byte> head) => head is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..] or [(byte)'P', (byte)'K', 7, 8, ..];

    /// <summary>The kind of an archive that cannot be read; null for other files.</summary>
    public static string? Unsupported(ReadOnlySpan<byte> head) => head switch
    {
        [(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => "7-Zip",
        [(byte)'R', (byte)'a', (byte)'r', (byte)'!', 0x1A, 7, ..] => "RAR",
        [(byte)'M', (byte)'S', (byte)'C', (byte)'F', 0, 0, 0, 0, ..] => "cabinet",
        [(byte)'L', (byte)'Z', (byte)'I', (byte)'P', 1, ..] => "lzip",
        [0x04, 0x22, 0x4D, 0x18, ..] => "lz4",
        [0x89, (byte)'L', (byte)'Z', (byte)'O', 0, 0x0D, 0x0A, ..] => "lzop",
        _ => null,
    };
}
