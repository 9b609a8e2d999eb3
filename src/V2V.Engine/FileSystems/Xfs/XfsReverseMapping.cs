namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Who owns a run of blocks: a record of the reverse-mapping B-tree (XFS Algorithms &amp; Data Structures, "Reverse-Mapping B+tree").</summary>
/// <param name="Block">First block within the allocation group.</param>
/// <param name="Count">Blocks.</param>
/// <param name="Owner">An inode, or one of the special owners.</param>
/// <param name="Offset">Logical block within the inode's fork, with flags in the upper bits; 0 for special owners and blocks of extent B-trees.</param>
internal readonly record struct XfsReverseMapping(uint Block, uint Count, ulong Owner, ulong Offset)
{
    public const int Size = 24;

    public const ulong AttributeForkFlag = 1UL << 63;

    public const ulong BMapBlockFlag = 1UL << 62;

    public const ulong UnwrittenFlag = 1UL << 61;

    /// <summary>Blocks of the free-space and reverse-mapping B-trees, and those on the free list.</summary>
    public const ulong OwnerAg = unchecked((ulong)-5);

    public const ulong OwnerInodeTrees = unchecked((ulong)-6);

    public const ulong OwnerInodes = unchecked((ulong)-7);

    public const ulong OwnerRefcounts = unchecked((ulong)-8);

    /// <summary>Special owners have the highest bit set, which no inode number has.</summary>
    public static bool IsSpecialOwner(ulong owner) => (long)owner < 0;

    /// <summary>True when the offset counts along with the blocks.</summary>
    public bool HasOffset => !IsSpecialOwner(Owner) && (Offset & BMapBlockFlag) == 0;

    public uint End => Block + Count;

    public static XfsReverseMapping Parse(ReadOnlySpan<byte> raw) => new(raw.U32(0), raw.U32(4), raw.U64(8), raw.U64(16));

    public byte[] ToBytes()
    {
        var raw = new byte[Size];
        raw.AsSpan().Put32(0, Block);
        raw.AsSpan().Put32(4, Count);
        raw.AsSpan().Put64(8, Owner);
        raw.AsSpan().Put64(16, Offset);
        return raw;
    }

    /// <summary>The part from <paramref name="block"/> on, within this one.</summary>
    public XfsReverseMapping Slice(uint block, uint count) =>
        new(block, count, Owner, HasOffset ? Offset + (block - Block) : Offset);
}
