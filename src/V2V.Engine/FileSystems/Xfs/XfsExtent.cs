namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A run of blocks of a fork, 128 bits on disk: unwritten flag (1), logical block (54), block of the volume (52), length (21)
/// (XFS Algorithms &amp; Data Structures, "Extent List").
/// </summary>
/// <param name="Offset">First logical block.</param>
/// <param name="Block">First block of the volume.</param>
/// <param name="Count">Blocks.</param>
/// <param name="IsUnwritten">Allocated, but reads as zeros.</param>
internal readonly record struct XfsExtent(ulong Offset, ulong Block, ulong Count, bool IsUnwritten)
{
    public const int Size = 16;

    /// <summary>The most blocks in one extent.</summary>
    public const ulong MaxCount = (1UL << 21) - 1;

    /// <summary>Logical blocks lie below this.</summary>
    public const ulong MaxOffset = 1UL << 54;

    public ulong End => Offset + Count;

    public static XfsExtent Parse(ReadOnlySpan<byte> raw)
    {
        var (high, low) = (raw.U64(0), raw.U64(8));
        return new XfsExtent((high >> 9) & (MaxOffset - 1), (high & 0x1FF) << 43 | low >> 21, low & MaxCount, high >> 63 != 0);
    }

    public byte[] ToBytes()
    {
        var raw = new byte[Size];
        raw.AsSpan().Put64(0, (IsUnwritten ? 1UL << 63 : 0) | Offset << 9 | Block >> 43);
        raw.AsSpan().Put64(8, Block << 21 | Count);
        return raw;
    }

    /// <summary>The part of this extent from a logical block on.</summary>
    public XfsExtent Slice(ulong offset, ulong count) => new(offset, Block + (offset - Offset), count, IsUnwritten);

    /// <summary>True when the other one continues this one without a gap, so that both can be one.</summary>
    public bool IsContinuedBy(in XfsExtent next) =>
        next.Offset == End && next.Block == Block + Count && next.IsUnwritten == IsUnwritten && Count + next.Count <= MaxCount;

    public void Check(XfsSuperblock superblock, ulong inode)
    {
        if (Count == 0 || End > MaxOffset)
        {
            throw XfsErrors.Corrupt($"inode {inode} has an extent of {Count} blocks at logical block {Offset}.");
        }

        superblock.CheckBlocks(Block, Count, $"inode {inode}");
    }
}
