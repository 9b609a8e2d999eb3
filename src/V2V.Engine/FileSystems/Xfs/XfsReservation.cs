namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Blocks of an allocation group that files must leave alone, because the kernel keeps them for B-trees that may have to grow when space is freed
/// or shared (fs/xfs/libxfs/xfs_ag_resv.c): as many as the reference counts, free inodes and owners can come to need, less what they have.
/// </summary>
internal static class XfsReservation
{
    public static long Of(XfsAg ag)
    {
        var superblock = ag.Volume.Superblock;
        var agf = ag.Agf;
        var length = ag.Length - (superblock.AgOf(superblock.LogStart) == ag.Number ? superblock.LogBlocks : 0);
        var reserved = 0L;
        if (superblock.HasReflink)
        {
            reserved += Math.Max(0, Largest(ag, XfsBTreeShapes.Refcounts, length) - agf.RefcountBlocks);
        }

        if (superblock.HasFreeInodeTree)
        {
            var chunks = (ulong)length << superblock.InodesPerBlockLog >> XfsInodeChunk.InodesLog;
            var used = superblock.HasInodeTreeCounts ? ag.Agi.FreeTreeBlocks : 1;
            reserved += Math.Max(0, Largest(ag, XfsBTreeShapes.FreeInodes, chunks) - used);
        }

        if (superblock.HasReverseMap)
        {
            var needed = Math.Max(length / 100, Largest(ag, XfsBTreeShapes.ReverseMap, length));
            reserved += Math.Max(0, needed - agf.ReverseMapBlocks);
        }

        return reserved;
    }

    /// <summary>Blocks of a B-tree with so many records, every node as empty as may be (xfs_btree_calc_size).</summary>
    private static long Largest(XfsAg ag, XfsBTreeShape shape, ulong records)
    {
        var room = ag.Volume.BlockSize - shape.HeaderSize(ag.Volume.Superblock.IsV5);
        var perLeaf = (ulong)(room / shape.RecordSize / 2);
        var perNode = (ulong)(room / (shape.EntrySize + shape.PointerSize) / 2);
        var total = 0L;
        for (var perBlock = perLeaf; ; perBlock = perNode)
        {
            records = (records + perBlock - 1) / perBlock;
            total += (long)records;
            if (records <= 1)
            {
                return total;
            }
        }
    }
}
