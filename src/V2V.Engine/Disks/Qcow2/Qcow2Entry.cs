namespace V2V.Engine.Disks.Qcow2;

/// <summary>An entry of an L2 table ("Cluster mapping", "Extended L2 Entries").</summary>
/// <param name="Descriptor">The first 64 bits: where the cluster is.</param>
/// <param name="Subclusters">The second 64 bits of an extended entry: which of 32 parts are allocated (low) or zero (high); else 0.</param>
internal readonly record struct Qcow2Entry(ulong Descriptor, ulong Subclusters)
{
    public const int SubclusterCount = 32;

    private const ulong CopiedFlag = 1UL << 63;
    private const ulong CompressedFlag = 1UL << 62;
    private const ulong ZeroFlag = 1;

    /// <summary>Bits 9 to 55: of an L1 entry and of a standard L2 entry alike.</summary>
    public const ulong OffsetMask = 0x00FF_FFFF_FFFF_FE00;

    public bool IsCompressed => (Descriptor & CompressedFlag) != 0;

    /// <summary>In an external data file a cluster may stand at byte 0: this tells it from one that does not exist.</summary>
    public bool IsCopied => (Descriptor & CopiedFlag) != 0;

    public bool IsZero => (Descriptor & ZeroFlag) != 0;

    public long HostOffset => (long)(Descriptor & OffsetMask);

    public bool IsAllocated(int subcluster) => (Subclusters & (1UL << subcluster)) != 0;

    public bool IsZeroed(int subcluster) => (Subclusters & (1UL << (subcluster + SubclusterCount))) != 0;

    /// <summary>Where a compressed cluster starts and how many bytes it takes at the most: the sector in which it starts and some more.</summary>
    public (long Offset, int Size) Compressed(int clusterBits)
    {
        int offsetBits = 62 - (clusterBits - 8);
        long offset = (long)(Descriptor & ((1UL << offsetBits) - 1));
        int moreSectors = (int)((Descriptor >> offsetBits) & ((1UL << (clusterBits - 8)) - 1));
        return (offset, ((moreSectors + 1) * 512) - (int)(offset % 512));
    }
}
