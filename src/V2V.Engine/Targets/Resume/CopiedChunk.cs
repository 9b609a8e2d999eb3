using V2V.Engine.IO;

namespace V2V.Engine.Targets.Resume;

/// <summary>A part of a disk that a copy has read and written.</summary>
/// <param name="Offset">Its first byte on the disk.</param>
/// <param name="Length">Bytes; at the most what a copy reads at once.</param>
/// <param name="Checksum"><see cref="ChecksumOf"/> what the disk holds there.</param>
/// <param name="Places">Where it lies in the image's file, in ascending order of the disk; what none of them has is zeros.</param>
internal readonly record struct CopiedChunk(long Offset, int Length, ulong Checksum, PlacedRun[] Places)
{
    public long End => Offset + Length;

    /// <summary>The CRC-32C of each half: any error burst of less than 32 bits is found, of longer ones all but one in 4 billion.</summary>
    public static ulong ChecksumOf(ReadOnlySpan<byte> data)
    {
        var half = data.Length / 2;
        var (first, second) = Crc32C.AppendBoth(uint.MaxValue, data[..half], data[half..]);
        return ((ulong)first << 32) | second;
    }
}

/// <param name="Offset">First byte on the disk.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Host">Offset of the first byte in the image's file.</param>
internal readonly record struct PlacedRun(long Offset, int Length, long Host)
{
    public long HostEnd => Host + Length;
}
