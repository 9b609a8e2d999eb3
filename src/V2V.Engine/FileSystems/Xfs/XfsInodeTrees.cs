using System.Numerics;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The inodes of an allocation group: its chunks, found by the inode B-tree and, those with free inodes, by a second one.</summary>
internal sealed class XfsInodeTrees(XfsAg ag)
{
    private bool IsSparse => ag.Volume.Superblock.HasSparseInodes;

    private bool HasFreeTree => ag.Volume.Superblock.HasFreeInodeTree;

    private XfsBTree All => new(new XfsInodeTreeHome(ag, isFree: false));

    private XfsBTree Free => new(new XfsInodeTreeHome(ag, isFree: true));

    /// <summary>Takes a free inode, in the chunk of <paramref name="near"/> or one close to it; null when the group has none.</summary>
    public uint? Take(uint near)
    {
        if (ag.Agi.FreeCount == 0 || FindFree(near) is not { } chunk)
        {
            return null;
        }

        var place = BitOperations.TrailingZeroCount(chunk.Allocatable);
        Update(chunk, chunk with { FreeCount = chunk.FreeCount - 1, FreeMask = chunk.FreeMask & ~(1UL << place) });
        var agi = ag.Agi;
        agi.FreeCount--;
        ag.Volume.FreeInodes--;
        return chunk.First + (uint)place;
    }

    /// <summary>Marks an inode as free again.</summary>
    public void Put(uint inode)
    {
        var tree = All;
        var chunk = tree.SeekAtOrBefore(XfsInodeChunk.AllFree(inode).Key) ? Parse(tree) : default;
        var place = (int)Math.Min(inode - chunk.First, XfsInodeChunk.Inodes);
        if (chunk.Count == 0 || place == XfsInodeChunk.Inodes || (chunk.FreeMask & (1UL << place)) != 0)
        {
            throw XfsErrors.Corrupt($"inode {inode} of allocation group {ag.Number} is in use, but counts as free.");
        }

        Update(chunk, chunk with { FreeCount = chunk.FreeCount + 1, FreeMask = chunk.FreeMask | 1UL << place });
        var agi = ag.Agi;
        agi.FreeCount++;
        ag.Volume.FreeInodes++;
    }

    /// <summary>Adds free inodes: a whole chunk, or a part of a sparse one that joins the parts that are there.</summary>
    public void Add(XfsInodeChunk added)
    {
        var tree = All;
        if (added.Holes != 0 && tree.SeekExactly(added.Key))
        {
            var old = Parse(tree);
            if ((~old.Holes & ~added.Holes & 0xFFFF) != 0)
            {
                throw XfsErrors.Corrupt($"parts of the inode chunk {added.First} of allocation group {ag.Number} overlap.");
            }

            Update(old, old with { Holes = (ushort)(old.Holes & added.Holes), Count = old.Count + added.Count, FreeCount = old.FreeCount + added.FreeCount });
        }
        else
        {
            All.Insert(added.ToBytes(IsSparse));
            if (HasFreeTree)
            {
                Free.Insert(added.ToBytes(IsSparse));
            }
        }

        var agi = ag.Agi;
        agi.Count += (uint)added.Count;
        agi.FreeCount += (uint)added.FreeCount;
        agi.NewInode = added.First;
        ag.Volume.InodeCount += (ulong)added.Count;
        ag.Volume.FreeInodes += (ulong)added.FreeCount;
    }

    private XfsInodeChunk? FindFree(uint near)
    {
        var key = XfsInodeChunk.AllFree(near).Key;
        var tree = HasFreeTree ? Free : All;
        for (var isThere = tree.SeekAtOrBefore(key); isThere; isThere = !HasFreeTree && tree.MoveNext())
        {
            if (Parse(tree) is { FreeCount: > 0 } chunk)
            {
                return chunk;
            }
        }

        tree = HasFreeTree ? Free : All;
        for (var isThere = tree.SeekFirst(); isThere; isThere = tree.MoveNext())
        {
            if (Parse(tree) is { FreeCount: > 0 } chunk)
            {
                return chunk;
            }
        }

        return null;
    }

    private void Update(XfsInodeChunk old, XfsInodeChunk chunk)
    {
        var tree = All;
        if (!tree.SeekExactly(old.Key) || Parse(tree) != old)
        {
            throw Differ();
        }

        tree.Update(chunk.ToBytes(IsSparse));
        if (!HasFreeTree)
        {
            return;
        }

        tree = Free;
        var isThere = tree.SeekExactly(old.Key);
        if (isThere != (old.FreeCount > 0) || (isThere && Parse(tree) != old))
        {
            throw Differ();
        }

        if (!isThere)
        {
            tree.Insert(chunk.ToBytes(IsSparse));
        }
        else if (chunk.FreeCount > 0)
        {
            tree.Update(chunk.ToBytes(IsSparse));
        }
        else
        {
            tree.Delete();
        }
    }

    private XfsInodeChunk Parse(XfsBTree tree)
    {
        var chunk = XfsInodeChunk.Parse(tree.Current, IsSparse);
        return chunk.IsGood ? chunk : throw XfsErrors.Corrupt($"the inode chunk at {chunk.First} of allocation group {ag.Number} contradicts itself.");
    }

    private GuestFileSystemException Differ() => XfsErrors.Corrupt($"the two inode B-trees of allocation group {ag.Number} differ.");
}
