namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The extents of one fork, in the inode as a list or in a B-tree, whichever the fork's format says.</summary>
internal sealed class XfsExtentMap(XfsInodeFork fork)
{
    private XfsSuperblock Superblock => fork.Inode.Volume.Superblock;

    /// <summary>The extent that holds the logical block, or else the first one behind it; null when there is none.</summary>
    public XfsExtent? FindAtOrAfter(ulong offset)
    {
        XfsExtent? found = null;
        if (fork.Format == XfsForkFormat.BTree)
        {
            var tree = new XfsBTree(new XfsForkBTreeHome(fork));
            if (tree.SeekAtOrBefore(Key(offset)))
            {
                found = XfsExtent.Parse(tree.Current);
                if (found.Value.End <= offset)
                {
                    found = tree.MoveNext() ? XfsExtent.Parse(tree.Current) : null;
                }
            }
            else if (tree.MoveNext())
            {
                found = XfsExtent.Parse(tree.Current);
            }
        }
        else
        {
            for (var i = 0; i < fork.ListLength && found is null; i++)
            {
                found = fork.ListItem(i).End > offset ? fork.ListItem(i) : null;
            }
        }

        return Checked(found);
    }

    /// <summary>The last extent that begins before the logical block; null when there is none.</summary>
    public XfsExtent? FindBefore(ulong offset)
    {
        XfsExtent? found = null;
        if (offset == 0)
        {
            return null;
        }

        if (fork.Format == XfsForkFormat.BTree)
        {
            var tree = new XfsBTree(new XfsForkBTreeHome(fork));
            found = tree.SeekAtOrBefore(Key(offset - 1)) ? XfsExtent.Parse(tree.Current) : null;
        }
        else
        {
            for (var i = 0; i < fork.ListLength && fork.ListItem(i).Offset < offset; i++)
            {
                found = fork.ListItem(i);
            }
        }

        return Checked(found);
    }

    /// <summary>All extents that end behind the logical block, in order.</summary>
    public IEnumerable<XfsExtent> From(ulong offset)
    {
        while (FindAtOrAfter(offset) is { } extent)
        {
            if (extent.End <= offset)
            {
                throw XfsErrors.Corrupt($"the extents of inode {fork.Inode.Number} are out of order.");
            }

            yield return extent;
            offset = extent.End;
        }
    }

    /// <summary>Adds an extent where nothing is mapped, joined with the neighbours that it continues.</summary>
    public void Insert(XfsExtent extent)
    {
        var left = FindBefore(extent.Offset);
        var right = FindAtOrAfter(extent.Offset);
        if (left?.End > extent.Offset || right?.Offset < extent.End)
        {
            throw XfsErrors.Corrupt($"the extents of inode {fork.Inode.Number} overlap.");
        }

        var isLeftJoined = left?.IsContinuedBy(extent) == true;
        var joined = isLeftJoined ? left!.Value with { Count = left.Value.Count + extent.Count } : extent;
        if (right is { } next && joined.IsContinuedBy(next))
        {
            joined = joined with { Count = joined.Count + next.Count };
            if (isLeftJoined)
            {
                Delete(next);
                Replace(left!.Value, joined);
            }
            else
            {
                Replace(next, joined);
            }
        }
        else if (isLeftJoined)
        {
            Replace(left!.Value, joined);
        }
        else
        {
            Add(joined);
        }
    }

    /// <summary>Takes a part of an extent out.</summary>
    public void Cut(XfsExtent extent, XfsExtent part)
    {
        var hasLeft = extent.Offset < part.Offset;
        var hasRight = part.End < extent.End;
        var right = hasRight ? extent.Slice(part.End, extent.End - part.End) : default;
        if (hasLeft)
        {
            Replace(extent, extent with { Count = part.Offset - extent.Offset });
            if (hasRight)
            {
                Add(right);
            }
        }
        else if (hasRight)
        {
            Replace(extent, right);
        }
        else
        {
            Delete(extent);
        }
    }

    /// <summary>Moves the extents from the inode's list to a block of a B-tree.</summary>
    public void MoveToTree()
    {
        var extents = Enumerable.Range(0, fork.ListLength).Select(fork.ListItem).ToList();
        var home = new XfsForkBTreeHome(fork);
        var leaf = home.Create(0);
        foreach (var extent in extents)
        {
            leaf.Insert(leaf.Count, extent.ToBytes(), 0);
        }

        var root = fork.BecomeTree();
        root.Insert(0, Key(extents.Count == 0 ? 0 : extents[0].Offset), leaf.Pointer!.Value);
    }

    private void Add(XfsExtent extent)
    {
        if (fork.Format == XfsForkFormat.Extents && fork.ListLength == fork.ListCapacity)
        {
            MoveToTree();
        }

        if (fork.Format == XfsForkFormat.BTree)
        {
            new XfsBTree(new XfsForkBTreeHome(fork)).Insert(extent.ToBytes());
            fork.ExtentCount++;
            return;
        }

        var list = Enumerable.Range(0, fork.ListLength).Select(fork.ListItem).Append(extent).OrderBy(e => e.Offset).ToList();
        fork.SetList(list);
    }

    private void Delete(XfsExtent extent)
    {
        if (fork.Format == XfsForkFormat.BTree)
        {
            // A B-tree must not hold what the list has room for (xfs_iformat_btree).
            if (fork.ExtentCount - 1 <= (ulong)fork.ListCapacity)
            {
                MoveToList(extent);
                return;
            }

            var tree = Seek(extent);
            tree.Delete();
            fork.ExtentCount--;
            return;
        }

        fork.SetList(Enumerable.Range(0, fork.ListLength).Select(fork.ListItem).Where(e => e != extent).ToList());
    }

    /// <summary>Puts an extent in the place of another, between the same neighbours.</summary>
    private void Replace(XfsExtent old, XfsExtent extent)
    {
        if (fork.Format == XfsForkFormat.BTree)
        {
            Seek(old).Update(extent.ToBytes());
            return;
        }

        fork.SetList(Enumerable.Range(0, fork.ListLength).Select(fork.ListItem).Select(e => e == old ? extent : e).ToList());
    }

    private XfsBTree Seek(XfsExtent extent)
    {
        var tree = new XfsBTree(new XfsForkBTreeHome(fork));
        return tree.SeekExactly(Key(extent.Offset)) && XfsExtent.Parse(tree.Current) == extent
            ? tree
            : throw XfsErrors.Corrupt($"the extents of inode {fork.Inode.Number} are out of order.");
    }

    /// <summary>Moves the few extents that are left, but one, from the B-tree to the inode's list.</summary>
    private void MoveToList(XfsExtent without)
    {
        var extents = From(0).Take(fork.ListCapacity + 2).Where(e => e != without).ToList();
        if (extents.Count != (int)fork.ExtentCount - 1)
        {
            throw XfsErrors.Corrupt($"inode {fork.Inode.Number} has not as many extents as it counts.");
        }

        var home = new XfsForkBTreeHome(fork);
        foreach (var block in home.AllBlocks())
        {
            home.Free(block);
        }

        fork.BecomeExtents();
        fork.SetList(extents);
    }

    private static byte[] Key(ulong offset)
    {
        var key = new byte[sizeof(ulong)];
        key.AsSpan().Put64(0, offset);
        return key;
    }

    private XfsExtent? Checked(XfsExtent? extent)
    {
        extent?.Check(Superblock, fork.Inode.Number);
        return extent;
    }
}
