namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The blocks that an allocation group keeps back for its free-space and reverse-mapping B-trees, taken from the front and added at the end.</summary>
internal sealed class XfsFreeList(XfsAg ag)
{
    /// <summary>
    /// Blocks that should be on the list before space is allocated or freed: enough for every tree to grow at each of its levels
    /// (xfs_alloc_min_freelist).
    /// </summary>
    public uint Needed
    {
        get
        {
            var agf = ag.Agf;
            return 2 * (agf.BlockLevels + agf.SizeLevels + (ag.Volume.Superblock.HasReverseMap ? agf.ReverseMapLevels : 0));
        }
    }

    public uint Count => ag.Agf.FreeListCount;

    public uint TakeForTree()
    {
        var block = Take();
        var agf = ag.Agf;
        agf.BTreeBlocks++;
        return block;
    }

    public void PutFromTree(uint block)
    {
        Put(block);
        var agf = ag.Agf;
        agf.BTreeBlocks--;
    }

    public uint Take()
    {
        var (agf, agfl) = (ag.Agf, ag.Agfl);
        if (agf.FreeListCount == 0)
        {
            throw XfsErrors.Full($"Allocation group {ag.Number} of the XFS file system has no block left for its B-trees.");
        }

        var block = agfl[agf.FreeListFirst];
        agf.FreeListFirst = (agf.FreeListFirst + 1) % agfl.Capacity;
        agf.FreeListCount--;
        return block;
    }

    public void Put(uint block)
    {
        var (agf, agfl) = (ag.Agf, ag.Agfl);
        if (agf.FreeListCount == agfl.Capacity)
        {
            throw XfsErrors.Corrupt($"the free list of allocation group {ag.Number} runs over.");
        }

        agf.FreeListLast = (agf.FreeListLast + 1) % agfl.Capacity;
        agfl[agf.FreeListLast] = block;
        agf.FreeListCount++;
    }
}
