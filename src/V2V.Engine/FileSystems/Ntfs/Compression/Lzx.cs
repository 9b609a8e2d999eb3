namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>
/// LZX as Windows' images and compressed system files have it ([MS-PATCH] 2, with the differences of WIM): chunks of up to 32 KiB that
/// know nothing of each other, blocks with a size of their own, and x86 calls translated as if every file had 12,000,000 bytes.
/// </summary>
internal static class Lzx
{
    /// <summary>Bytes of the largest chunk, and of a block that does not say otherwise.</summary>
    public const int ChunkSize = 32768;

    /// <returns>False when the data is malformed or does not fill <paramref name="target"/>.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (target.Length > ChunkSize || !new LzxDecoder().TryDecode(source, target))
        {
            return false;
        }

        LzxCalls.Restore(target);
        return true;
    }
}
