namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Allocates and frees the blocks of a fork, keeping extents, owners and the inode's count of blocks together.</summary>
internal sealed class XfsForkSpace(XfsInodeFork fork)
{
    private XfsInode Inode => fork.Inode;

    private XfsVolume Volume => fork.Inode.Volume;

    /// <summary>Only the data of regular files is ever shared.</summary>
    private bool MayBeShared => !fork.IsAttributeFork && Inode.Flags2.HasFlag(XfsInodeFlags2.Reflink);

    /// <summary>Maps blocks that were a hole; in one piece if there is one.</summary>
    public void Allocate(ulong offset, ulong count)
    {
        if (count > 1 && Volume.Allocator.AllocateTogether(Goal(offset), (uint)count, OwnerOf(offset, isUnwritten: false)) is { } block)
        {
            Map(new XfsExtent(offset, block, count, IsUnwritten: false));
            return;
        }

        for (var end = offset + count; offset < end;)
        {
            offset = AllocateSome(offset, end - offset).End;
        }
    }

    /// <summary>Maps as many of the blocks as there are in one piece.</summary>
    public XfsExtent AllocateSome(ulong offset, ulong max)
    {
        var (block, count) = Volume.Allocator.Allocate(Goal(offset), max, OwnerOf(offset, isUnwritten: false));
        var extent = new XfsExtent(offset, block, count, IsUnwritten: false);
        Map(extent);
        return extent;
    }

    /// <summary>Unmaps the blocks and frees those that nobody else has.</summary>
    public void Free(ulong offset, ulong count)
    {
        for (var end = count > XfsExtent.MaxOffset - offset ? XfsExtent.MaxOffset : offset + count; offset < end;)
        {
            if (fork.Extents.FindAtOrAfter(offset) is not { } extent || extent.Offset >= end)
            {
                return;
            }

            var start = Math.Max(extent.Offset, offset);
            var part = extent.Slice(start, Math.Min(extent.End, end) - start);
            fork.Extents.Cut(extent, part);
            Release(part);
            offset = part.End;
        }
    }

    /// <summary>Marks allocated blocks that read as zeros as written.</summary>
    public void MarkWritten(XfsExtent extent, XfsExtent part)
    {
        fork.Extents.Cut(extent, part);
        Volume.Allocator.RemoveOwner(part.Block, part.Count, OwnerOf(part.Offset, isUnwritten: true));
        Volume.Allocator.AddOwner(part.Block, part.Count, OwnerOf(part.Offset, isUnwritten: false));
        fork.Extents.Insert(part with { IsUnwritten = false });
    }

    /// <summary>How many of the blocks, from the first on, only this file has; 0 when the first is shared.</summary>
    public ulong CountUnshared(XfsExtent part)
    {
        if (!MayBeShared)
        {
            return part.Count;
        }

        var (count, isShared) = Look(part);
        return isShared ? 0 : count;
    }

    /// <summary>When the first block is shared with other files, gives this one blocks of its own instead of it and as many that follow as are shared too; else null.</summary>
    /// <returns>The new extent, whose contents are not the old ones yet.</returns>
    public XfsExtent? Unshare(XfsExtent part)
    {
        if (!MayBeShared || Look(part) is not (var count, true))
        {
            return null;
        }

        // The new blocks first: what is freed must stay as it is until it was copied.
        var (block, found) = Volume.Allocator.Allocate(Goal(part.Offset), count, OwnerOf(part.Offset, isUnwritten: false));
        Free(part.Offset, found);
        var extent = new XfsExtent(part.Offset, block, found, IsUnwritten: false);
        Map(extent);
        return extent;
    }

    private (uint Count, bool IsShared) Look(XfsExtent part) =>
        Volume.Ag(Volume.Superblock.AgOf(part.Block)).Refcounts.Look(Volume.Superblock.AgBlockOf(part.Block), (uint)part.Count);

    private void Map(XfsExtent extent)
    {
        fork.Extents.Insert(extent);
        Inode.Blocks += extent.Count;
    }

    private void Release(XfsExtent part)
    {
        var owner = OwnerOf(part.Offset, part.IsUnwritten);
        if (fork.IsAttributeFork || !Inode.IsRegular)
        {
            // Of files' contents nothing is in the cache.
            Volume.Cache.Forget(Enumerable.Range(0, (int)part.Count)
                .Select(i => new ByteRange(Volume.Superblock.ByteOf(part.Block + (ulong)i), Volume.BlockSize)));
        }

        if (MayBeShared)
        {
            Volume.Allocator.FreeShared(part.Block, part.Count, owner);
        }
        else
        {
            Volume.Allocator.Free(part.Block, part.Count, owner);
        }

        Inode.Blocks -= part.Count;
    }

    /// <summary>Behind the block before, or in the neighbourhood of the inode.</summary>
    private ulong Goal(ulong offset) =>
        fork.Extents.FindBefore(offset) is { } before ? before.Slice(before.End, 0).Block : Inode.Number >> Volume.Superblock.InodesPerBlockLog;

    private XfsReverseMapping OwnerOf(ulong offset, bool isUnwritten) => new(
        0, 0, fork.Owner,
        offset | (fork.IsAttributeFork ? XfsReverseMapping.AttributeForkFlag : 0) | (isUnwritten ? XfsReverseMapping.UnwrittenFlag : 0));
}
