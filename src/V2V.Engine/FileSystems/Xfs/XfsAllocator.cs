namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Allocates and frees blocks of the volume, with everything that goes along: free-space B-trees, owners, counters. Owners are given as a
/// mapping whose blocks do not matter.
/// </summary>
internal sealed class XfsAllocator(XfsVolume volume)
{
    private XfsSuperblock Superblock => volume.Superblock;

    /// <summary>Allocates up to <paramref name="max"/> blocks in one piece, as near to the goal as can be.</summary>
    /// <param name="goal">Block of the volume to begin at; its group is tried first.</param>
    /// <param name="max">Blocks, at least 1.</param>
    /// <param name="owner">Who gets them.</param>
    /// <exception cref="GuestFileSystemException">The file system is full.</exception>
    public (ulong Block, ulong Count) Allocate(ulong goal, ulong max, XfsReverseMapping owner)
    {
        var first = Superblock.AgOf(goal);
        for (var i = 0u; i < Superblock.AgCount; i++)
        {
            var ag = volume.Ag((first + i) % Superblock.AgCount);
            if (ag.FreeSpace.Available <= 0)
            {
                continue;
            }

            ag.FreeSpace.FixFreeList(isFreeing: false);
            var limit = (uint)Math.Min(Math.Min(max, XfsExtent.MaxCount), (ulong)Math.Max(0, ag.FreeSpace.Available));
            if (limit > 0 && ag.FreeSpace.Take(i == 0 ? Superblock.AgBlockOf(goal) : 0, limit) is { } taken)
            {
                return (Superblock.BlockNumber(ag.Number, taken.Block), Hand(ag, taken, owner));
            }
        }

        throw XfsErrors.Full($"The XFS file system is full: {max} blocks of {Superblock.BlockSize} bytes are needed.");
    }

    /// <summary>Allocates exactly so many blocks in one piece, or null when no group has them.</summary>
    public ulong? AllocateTogether(ulong goal, uint count, XfsReverseMapping owner)
    {
        var first = Superblock.AgOf(goal);
        for (var i = 0u; i < Superblock.AgCount; i++)
        {
            var ag = volume.Ag((first + i) % Superblock.AgCount);
            if (AllocateInGroup(ag, count, 1, 0, ag.Length, owner) is { } block)
            {
                return Superblock.BlockNumber(ag.Number, block);
            }
        }

        return null;
    }

    /// <summary>Allocates exactly so many blocks in one piece of a group, aligned and between two bounds; null when there are none such.</summary>
    public uint? AllocateInGroup(XfsAg ag, uint count, uint alignment, uint lowest, uint highest, XfsReverseMapping owner)
    {
        if (ag.FreeSpace.Available < count)
        {
            return null;
        }

        ag.FreeSpace.FixFreeList(isFreeing: false);
        if (ag.FreeSpace.TakeAligned(count, alignment, lowest, highest) is not { } taken)
        {
            return null;
        }

        Hand(ag, taken, owner);
        return taken.Block;
    }

    /// <summary>Allocates a block for a B-tree of a group, for which the reserve of the group may be used.</summary>
    public uint AllocateForTree(XfsAg ag, XfsReverseMapping owner)
    {
        ag.FreeSpace.FixFreeList(isFreeing: false);
        var taken = ag.FreeSpace.Take(0, 1) ?? throw XfsErrors.Full($"Allocation group {ag.Number} of the XFS file system is full.");
        Hand(ag, taken, owner);
        return taken.Block;
    }

    /// <summary>Frees blocks that have one owner.</summary>
    public void Free(ulong block, ulong count, XfsReverseMapping owner)
    {
        Superblock.CheckBlocks(block, count, "a freed extent");
        var ag = volume.Ag(Superblock.AgOf(block));
        RemoveOwner(block, count, owner);
        Release(ag, new XfsFreeExtent(Superblock.AgBlockOf(block), (uint)count));
    }

    /// <summary>Notes another owner's blocks as its own, without allocating them.</summary>
    public void AddOwner(ulong block, ulong count, XfsReverseMapping owner)
    {
        var ag = volume.Ag(Superblock.AgOf(block));
        ag.FreeSpace.FixFreeList(isFreeing: true);
        ag.ReverseMap.Add(owner with { Block = Superblock.AgBlockOf(block), Count = (uint)count });
    }

    public void RemoveOwner(ulong block, ulong count, XfsReverseMapping owner)
    {
        var ag = volume.Ag(Superblock.AgOf(block));
        ag.FreeSpace.FixFreeList(isFreeing: true);
        ag.ReverseMap.Remove(owner with { Block = Superblock.AgBlockOf(block), Count = (uint)count });
    }

    /// <summary>Frees blocks whose owner is not told; what is still noted of one goes.</summary>
    public void FreeOfAnyOwner(ulong block, ulong count)
    {
        Superblock.CheckBlocks(block, count, "the log");
        var ag = volume.Ag(Superblock.AgOf(block));
        var freed = new XfsFreeExtent(Superblock.AgBlockOf(block), (uint)count);
        ag.FreeSpace.FixFreeList(isFreeing: true);
        ag.ReverseMap.RemoveAny(freed.Block, freed.Count);
        Release(ag, freed);
    }

    /// <summary>Frees blocks of a file that others may share: only what nobody else refers to becomes free.</summary>
    public void FreeShared(ulong block, ulong count, XfsReverseMapping owner)
    {
        RemoveOwner(block, count, owner);
        DropShared(block, count);
    }

    /// <summary>One of the files that share blocks does no longer; what nobody else refers to becomes free.</summary>
    public void DropShared(ulong block, ulong count)
    {
        Superblock.CheckBlocks(block, count, "a freed extent");
        var ag = volume.Ag(Superblock.AgOf(block));
        foreach (var freed in ag.Refcounts.Drop(Superblock.AgBlockOf(block), (uint)count))
        {
            Release(ag, freed);
        }
    }

    private uint Hand(XfsAg ag, XfsFreeExtent taken, XfsReverseMapping owner)
    {
        ag.ReverseMap.Add(owner with { Block = taken.Block, Count = taken.Count });
        volume.FreeBlocks -= taken.Count;
        return taken.Count;
    }

    private void Release(XfsAg ag, XfsFreeExtent freed)
    {
        ag.FreeSpace.FixFreeList(isFreeing: true);
        ag.FreeSpace.Put(freed);
        volume.FreeBlocks += freed.Count;
    }
}
