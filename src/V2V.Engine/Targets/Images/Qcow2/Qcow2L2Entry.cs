namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>Values of L2 table entries (qcow2.txt, "Cluster mapping").</summary>
internal static class Qcow2L2Entry
{
    /// <summary>The cluster's reference count is exactly one. Also used in L1 entries.</summary>
    public const ulong Copied = 1UL << 63;

    private const ulong Compressed = 1UL << 62;

    // Bits 0 to 53 hold the host offset, 54 to 61 the number of sectors beyond the first.
    private const int SectorCountShift = 62 - (Qcow2Format.ClusterBits - 8);
    private const int SectorSize = 512;

    public static ulong ForCluster(long hostOffset) => Copied | (ulong)hostOffset;

    /// <param name="hostOffset">First byte of the compressed data; it need not be aligned.</param>
    /// <param name="length">Bytes of compressed data.</param>
    public static ulong ForCompressed(long hostOffset, int length)
    {
        var additionalSectors = ((hostOffset + length - 1) / SectorSize) - (hostOffset / SectorSize);
        return Compressed | ((ulong)additionalSectors << SectorCountShift) | (ulong)hostOffset;
    }
}
