namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The B-tree of an allocation group's extents that several files share (XFS Algorithms &amp; Data Structures, "Reference Count B+tree").
/// What is not in it has one owner at most.
/// </summary>
internal sealed class XfsRefcounts(XfsAg ag)
{
    private bool IsKept => ag.Volume.Superblock.HasReflink;

    private XfsBTree Tree => new(new XfsRefcountHome(ag));

    /// <summary>How many of the blocks from the first on have the same state, and which.</summary>
    public (uint Count, bool IsShared) Look(uint block, uint count)
    {
        if (!IsKept || FindAtOrAfter(block) is not { } record || record.Block >= block + count)
        {
            return (count, false);
        }

        return record.Block > block ? (record.Block - block, false) : (Math.Min(count, record.End - block), true);
    }

    /// <summary>One owner of the blocks is gone; returns those that nobody owns any more.</summary>
    public List<XfsFreeExtent> Drop(uint block, uint count)
    {
        var freed = new List<XfsFreeExtent>();
        for (var end = block + count; block < end;)
        {
            var (length, isShared) = Look(block, end - block);
            if (isShared)
            {
                Decrease(FindAtOrAfter(block)!.Value, block, length);
            }
            else
            {
                freed.Add(new XfsFreeExtent(block, length));
            }

            block += length;
        }

        return freed;
    }

    private void Decrease(XfsRefcount record, uint block, uint count)
    {
        var tree = Tree;
        tree.SeekExactly(record.Key);
        tree.Delete();
        if (record.Block < block)
        {
            Tree.Insert((record with { Count = block - record.Block }).ToBytes());
        }

        if (block + count < record.End)
        {
            Tree.Insert(new XfsRefcount(block + count, record.End - block - count, record.References).ToBytes());
        }

        if (record.References > 2)
        {
            Join(new XfsRefcount(block, count, record.References - 1));
        }
    }

    /// <summary>Inserts a record, joined with neighbours that have as many references.</summary>
    private void Join(XfsRefcount record)
    {
        var tree = Tree;
        if (tree.SeekAtOrBefore(record.Key) && XfsRefcount.Parse(tree.Current) is var left && left.End == record.Block && left.References == record.References)
        {
            tree.Delete();
            record = left with { Count = left.Count + record.Count };
        }

        tree = Tree;
        if (tree.SeekExactly(new XfsRefcount(record.End, 0, 0).Key) && XfsRefcount.Parse(tree.Current) is var right && right.References == record.References)
        {
            tree.Delete();
            record = record with { Count = record.Count + right.Count };
        }

        Tree.Insert(record.ToBytes());
    }

    /// <summary>The record that covers the block, or else the first one behind it.</summary>
    private XfsRefcount? FindAtOrAfter(uint block)
    {
        var tree = Tree;
        if (tree.SeekAtOrBefore(new XfsRefcount(block, 0, 0).Key) && Checked(tree) is var record && record.End > block)
        {
            return record;
        }

        tree = Tree;
        return tree.SeekAtOrAfter(new XfsRefcount(block, 0, 0).Key) ? Checked(tree) : null;
    }

    private XfsRefcount Checked(XfsBTree tree)
    {
        var record = XfsRefcount.Parse(tree.Current);
        return record.Count != 0 && record.Block + (ulong)record.Count <= uint.MaxValue && (record.References > 1 || record.IsStaging)
            ? record
            : throw XfsErrors.Corrupt($"a reference count of allocation group {ag.Number} is wrong.");
    }
}
