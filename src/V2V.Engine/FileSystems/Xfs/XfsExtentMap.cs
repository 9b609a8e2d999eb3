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
