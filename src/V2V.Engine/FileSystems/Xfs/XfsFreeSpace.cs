namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The free space of an allocation group: two B-trees of the same extents, by block and by size.</summary>
internal sealed class XfsFreeSpace(XfsAg ag)
{
    private XfsBTree ByBlock => new(new XfsFreeSpaceHome(ag, isBySize: false));

    private XfsBTree BySize => new(new XfsFreeSpaceHome(ag, isBySize: true));

    /// <summary>Blocks that may be allocated: the free list must stay filled, and what the group's other B-trees may come to need stays theirs.</summary>
    public long Available
    {
        get
        {
            var agf = ag.Agf;
            return (long)agf.FreeBlocks + agf.FreeListCount - ag.FreeList.Needed - XfsReservation.Of(ag);
        }
    }

    /// <summary>All free extents in order.</summary>
    public IEnumerable<XfsFreeExtent> All()
    {
        var tree = ByBlock;
        var end = 0u;
        for (var isThere = tree.SeekFirst(); isThere; isThere = tree.MoveNext())
        {
            var extent = Checked(XfsFreeExtent.Parse(tree.Current));
            if (extent.Block < end)
            {
                throw XfsErrors.Corrupt($"free extents of allocation group {ag.Number} overlap.");
            }

            end = extent.End;
            yield return extent;
        }
    }

    /// <summary>Takes up to <paramref name="max"/> blocks out, at <paramref name="goal"/> if they are free, else where they fit best; null when there is nothing.</summary>
    public XfsFreeExtent? Take(uint goal, uint max)
    {
        var tree = ByBlock;
        if (goal != 0 && tree.SeekAtOrBefore(new XfsFreeExtent(goal, 0).ToBytes()) && Checked(XfsFreeExtent.Parse(tree.Current)) is var near && goal < near.End)
        {
            var taken = new XfsFreeExtent(goal, Math.Min(max, near.End - goal));
            Remove(near, taken);
            return taken;
        }

        tree = BySize;
        if (tree.SeekAtOrAfter(new XfsFreeExtent(0, max).ToBytes()) || tree.SeekLast())
        {
            var best = Checked(XfsFreeExtent.Parse(tree.Current));
            var taken = best with { Count = Math.Min(max, best.Count) };
            Remove(best, taken);
            return taken;
        }

        return null;
    }

    /// <summary>Takes exactly so many blocks whose first is a multiple of <paramref name="alignment"/>, between two bounds; null when there are none together.</summary>
    public XfsFreeExtent? TakeAligned(uint count, uint alignment, uint lowest, uint highest)
    {
        var tree = BySize;
        var hasOne = tree.SeekAtOrAfter(new XfsFreeExtent(0, count).ToBytes());
        for (; hasOne; hasOne = tree.MoveNext())
        {
            var extent = Checked(XfsFreeExtent.Parse(tree.Current));
            var start = (Math.Max(extent.Block, lowest) + (ulong)alignment - 1) / alignment * alignment;
            if (start + count <= extent.End && start + count <= highest)
            {
                var taken = new XfsFreeExtent((uint)start, count);
                Remove(extent, taken);
                return taken;
            }
        }

        return null;
    }

    /// <summary>Puts blocks back, joined with free neighbours.</summary>
    public void Put(XfsFreeExtent freed)
    {
        var joined = freed;
        var tree = ByBlock;
        if (tree.SeekAtOrBefore(freed.ToBytes()))
        {
            var left = Checked(XfsFreeExtent.Parse(tree.Current));
            if (left.End > freed.Block)
            {
                throw XfsErrors.Corrupt($"blocks of allocation group {ag.Number} are freed that are free already.");
            }

            if (left.End == freed.Block)
            {
                Delete(left);
                joined = new XfsFreeExtent(left.Block, left.Count + freed.Count);
            }
        }

        tree = ByBlock;
        if (tree.SeekAtOrAfter(freed.ToBytes()))
        {
            var right = Checked(XfsFreeExtent.Parse(tree.Current));
            if (right.Block < freed.End)
            {
                throw XfsErrors.Corrupt($"blocks of allocation group {ag.Number} are freed that are free already.");
            }

            if (right.Block == freed.End)
            {
                Delete(right);
                joined = joined with { Count = joined.Count + right.Count };
            }
        }

        Insert(joined);
        var agf = ag.Agf;
        agf.FreeBlocks += freed.Count;
        UpdateLongest();
    }

    /// <summary>
    /// Brings the free list to its proper length, as before every change of the trees (xfs_alloc_fix_freelist). What is on it counts as free, so
    /// the superblock's counter stays.
    /// </summary>
    /// <param name="isFreeing">Blocks are about to be freed: a list that cannot be filled is no reason to fail.</param>
    public void FixFreeList(bool isFreeing)
    {
        var list = ag.FreeList;
        while (list.Count > list.Needed)
        {
            var block = list.Take();
            ag.ReverseMap.Remove(new XfsReverseMapping(block, 1, XfsReverseMapping.OwnerAg, 0));
            Put(new XfsFreeExtent(block, 1));
            ag.Volume.Cache.Forget([new ByteRange(ag.Volume.Superblock.ByteOf(ag.Number, block), ag.Volume.BlockSize)]);
        }

        while (list.Count < list.Needed)
        {
            if (Take(0, list.Needed - list.Count) is not { } taken)
            {
                if (isFreeing)
                {
                    return;
                }

                throw XfsErrors.Full($"Allocation group {ag.Number} of the XFS file system is full.");
            }

            for (var block = taken.Block; block < taken.End; block++)
            {
                list.Put(block);
            }

            ag.ReverseMap.Add(new XfsReverseMapping(taken.Block, taken.Count, XfsReverseMapping.OwnerAg, 0));
        }
    }

    private void Remove(XfsFreeExtent extent, XfsFreeExtent taken)
    {
        Delete(extent);
        if (taken.Block > extent.Block)
        {
            Insert(new XfsFreeExtent(extent.Block, taken.Block - extent.Block));
        }

        if (taken.End < extent.End)
        {
            Insert(new XfsFreeExtent(taken.End, extent.End - taken.End));
        }

        var agf = ag.Agf;
        agf.FreeBlocks -= taken.Count;
        UpdateLongest();
    }

    private void Insert(XfsFreeExtent extent)
    {
        ByBlock.Insert(extent.ToBytes());
        BySize.Insert(extent.ToBytes());
    }

    private void Delete(XfsFreeExtent extent)
    {
        foreach (var tree in new[] { ByBlock, BySize })
        {
            if (!tree.SeekExactly(extent.ToBytes()))
            {
                throw XfsErrors.Corrupt($"the two B-trees of free extents of allocation group {ag.Number} differ.");
            }

            tree.Delete();
        }
    }

    private void UpdateLongest()
    {
        var tree = BySize;
        var agf = ag.Agf;
        agf.Longest = tree.SeekLast() ? XfsFreeExtent.Parse(tree.Current).Count : 0;
    }

    private XfsFreeExtent Checked(XfsFreeExtent extent) => ag.Volume.Superblock.AreInAg(ag.Number, extent.Block, extent.Count) && extent.Count != 0
        ? extent
        : throw XfsErrors.Corrupt($"a free extent of allocation group {ag.Number} lies outside it.");
}
