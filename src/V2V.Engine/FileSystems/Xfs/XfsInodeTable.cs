namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Reads and stores inodes. One object stands for one inode as long as an operation lasts, so that everyone sees its changes;
/// <see cref="StoreChanged"/> puts them into the cached blocks.
/// </summary>
internal sealed class XfsInodeTable(XfsVolume volume)
{
    /// <summary>Inodes kept between operations.</summary>
    private const int Capacity = 4096;

    private readonly Dictionary<ulong, XfsInode> _inodes = [];
    private readonly List<XfsInode> _changed = [];

    /// <summary>An inode, in use or not.</summary>
    /// <exception cref="GuestFileSystemException">There is none with this number, or it contradicts itself.</exception>
    public XfsInode Get(ulong number)
    {
        if (_inodes.TryGetValue(number, out var inode))
        {
            return inode;
        }

        var (buffer, offset) = Locate(number);
        inode = new XfsInode(volume, number, buffer.Data.AsSpan(offset, volume.Superblock.InodeSize).ToArray(), _changed);
        inode.Check(buffer.Address + offset);
        _inodes.Add(number, inode);
        return inode;
    }

    /// <summary>An inode that a directory entry names: in use, and not one of the file system's own.</summary>
    public XfsInode GetLinked(ulong number)
    {
        var superblock = volume.Superblock;
        if (number == superblock.RealtimeBitmapInode || number == superblock.RealtimeSummaryInode)
        {
            throw XfsErrors.Corrupt($"a directory entry refers to inode {number}, which belongs to the file system.");
        }

        var inode = Get(number);
        if (inode.Mode == 0 || inode.LinksCount == 0)
        {
            throw XfsErrors.Corrupt($"a directory entry refers to inode {number}, which is not in use.");
        }

        return inode;
    }

    public void StoreChanged()
    {
        foreach (var inode in _changed)
        {
            var (buffer, offset) = Locate(inode.Number);
            inode.Seal().CopyTo(buffer.Data.AsSpan(offset));
            buffer.MarkDirty();
        }

        _changed.Clear();
    }

    /// <summary>Forgets every inode in memory, changed or not.</summary>
    public void Clear()
    {
        _inodes.Clear();
        _changed.Clear();
    }

    public void Trim()
    {
        if (_inodes.Count > Capacity && _changed.Count == 0)
        {
            _inodes.Clear();
        }
    }

    /// <summary>Inodes lie one after the other in blocks; an inode's number is the group, the block in it, and the place in the block.</summary>
    private (XfsBuffer Buffer, int Offset) Locate(ulong number)
    {
        var superblock = volume.Superblock;
        var block = number >> superblock.InodesPerBlockLog;
        superblock.CheckBlocks(block, 1, $"inode number {number}");
        var offset = (int)(number & ((1UL << superblock.InodesPerBlockLog) - 1)) << superblock.InodeLog;
        return (volume.Cache.Read(superblock.ByteOf(block), superblock.BlockSize, checksumOffset: null), offset);
    }
}
