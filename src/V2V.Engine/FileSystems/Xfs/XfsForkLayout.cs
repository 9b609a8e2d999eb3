namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The boundary between an inode's two forks (fs/xfs/libxfs/xfs_attr_leaf.c, xfs_attr_shortform_bytesfit).</summary>
internal static class XfsForkLayout
{
    /// <summary>Either fork keeps room for a B-tree root with three entries (MINDBTPTRS, MINABTPTRS), rounded up to the boundary's unit.</summary>
    private const int MinForkSize = 56;

    /// <summary>A device number, rounded up to the boundary's unit.</summary>
    private const int DeviceForkSize = 8;

    /// <summary>Gives the attribute fork room for so many bytes, by moving the boundary down; false when the data fork needs that room.</summary>
    public static bool TryReserveAttributes(XfsInode inode, int length)
    {
        if (inode.AttributeFork.Exists && inode.AttributeFork.InlineCapacity >= length)
        {
            return true;
        }

        var boundary = inode.GetFormat(isAttributeFork: false) == XfsForkFormat.Device
            ? DeviceForkSize
            : (inode.ForkAreaSize - Math.Max(length, MinForkSize)) / XfsInode.ForkOffsetUnit * XfsInode.ForkOffsetUnit;
        if (inode.ForkAreaSize - boundary < length || boundary < DeviceForkSize || !MakeDataFit(inode, boundary))
        {
            return false;
        }

        MoveBoundary(inode, boundary);
        inode.Volume.NoteAttributes();
        return true;
    }

    /// <summary>Takes away the attribute fork, which holds nothing any more.</summary>
    public static void RemoveAttributes(XfsInode inode)
    {
        inode.AttributeFork.BecomeExtents();

        // A B-tree must not hold what a larger fork's list had room for, so then the boundary stays, as it does in the kernel.
        if (inode.DataFork.Format != XfsForkFormat.BTree)
        {
            MoveBoundary(inode, 0);
        }
    }

    /// <summary>Sees to it that the data fork needs no more bytes than this.</summary>
    private static bool MakeDataFit(XfsInode inode, int size)
    {
        var fork = inode.DataFork;
        switch (fork.Format)
        {
            case XfsForkFormat.Device:
                return true;
            case XfsForkFormat.Local when inode.Size <= size:
                return true;
            case XfsForkFormat.Local when inode.IsSymbolicLink && size >= MinForkSize:
                new XfsSymbolicLink(inode).MoveOut();
                return true;
            case XfsForkFormat.Local when inode.IsDirectory && size >= MinForkSize:
                new XfsDirectory(fork).MoveOut();
                return true;
            case XfsForkFormat.Extents when size >= fork.ListLength * XfsExtent.Size && size >= Math.Min(MinForkSize, fork.InlineCapacity):
                return true;
            case XfsForkFormat.Extents when size >= MinForkSize:
                fork.Extents.MoveToTree();
                return true;
            case XfsForkFormat.BTree when size >= MinForkSize:
                var root = fork.BTreeRoot;
                if (XfsBTreeNode.InodeRootHeaderSize + root.Count * 2 * sizeof(ulong) > size)
                {
                    new XfsBTree(new XfsForkBTreeHome(fork)).LowerRoot();
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>Lays both forks out anew; what they hold fits.</summary>
    private static void MoveBoundary(XfsInode inode, int boundary)
    {
        var data = Contents(inode.DataFork);
        var attributes = inode.AttributeFork.Exists ? Contents(inode.AttributeFork) : null;
        inode.ForkOffset = boundary;
        inode.ForkArea.Span.Clear();
        Restore(inode.DataFork, data);
        if (attributes is not null && boundary != 0)
        {
            Restore(inode.AttributeFork, attributes);
        }
        else
        {
            inode.SetFormat(isAttributeFork: true, XfsForkFormat.Extents);
        }
    }

    /// <summary>What a fork holds: bytes, or the entries of its B-tree's root, whose places depend on the fork's size.</summary>
    private static Saved Contents(XfsInodeFork fork)
    {
        if (fork.Format != XfsForkFormat.BTree)
        {
            return new Saved(fork.UsedBytes.ToArray(), 0, []);
        }

        var root = fork.BTreeRoot;
        return new Saved([], root.Level, [.. Enumerable.Range(0, root.Count).Select(i => (root.Item(i).ToArray(), root.Child(i)))]);
    }

    private static void Restore(XfsInodeFork fork, Saved saved)
    {
        if (saved.Level == 0)
        {
            fork.RestoreBytes(saved.Bytes);
            return;
        }

        var root = fork.BTreeRoot;
        root.Initialise(saved.Level);
        foreach (var (key, child) in saved.Entries)
        {
            root.Insert(root.Count, key, child);
        }
    }

    private sealed record Saved(byte[] Bytes, int Level, IReadOnlyList<(byte[] Key, ulong Child)> Entries);
}
