namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Reads and stores inodes. One object stands for one inode as long as an operation lasts, so that everyone sees its changes;
/// <see cref="StoreChanged"/> puts them into the cached inode table.
/// </summary>
internal sealed class ExtInodeTable(ExtVolume volume)
{
    public const uint RootInode = 2;

    /// <summary>Inodes kept between operations.</summary>
    private const int Capacity = 4096;

    /// <summary>Bytes of inode table that are read at once; neighbours in a directory have neighbouring inodes.</summary>
    private const int ReadAhead = 32 << 10;

    private readonly Dictionary<uint, ExtInode> _inodes = [];
    private readonly List<ExtInode> _changed = [];

    /// <summary>An inode in use.</summary>
    /// <exception cref="GuestFileSystemException">The number, checksum or layout is wrong.</exception>
    public ExtInode Get(uint number)
    {
        if (_inodes.TryGetValue(number, out var inode))
        {
            return inode;
        }

        var (block, offset, tableEnd) = Locate(number);
        volume.Cache.Prefetch(block, (int)Math.Min(ReadAhead / volume.BlockSize, tableEnd - block));
        var raw = volume.Cache.Read(block).AsSpan(offset, volume.Superblock.InodeSize).ToArray();
        inode = new ExtInode(number, raw, _changed);
        if (volume.Superblock.HasMetadataChecksums && !inode.HasValidChecksum(volume))
        {
            throw ExtErrors.Corrupt($"the checksum of inode {number} is wrong.", block * volume.BlockSize + offset);
        }

        inode.CheckLayout();
        _inodes.Add(number, inode);
        return inode;
    }

    /// <summary>An inode that a directory entry names: in use, and not one of the reserved ones.</summary>
    public ExtInode GetLinked(uint number)
    {
        if (number != RootInode && number < volume.Superblock.FirstInode)
        {
            throw ExtErrors.Corrupt($"a directory entry refers to the reserved inode {number}.");
        }

        var inode = Get(number);
        if (inode.LinksCount == 0 || inode.Type is null)
        {
            throw ExtErrors.Corrupt($"a directory entry refers to inode {number}, which is not in use.");
        }

        return inode;
    }

    /// <summary>An inode that was just allocated: zeros, whatever stood there.</summary>
    public ExtInode Create(uint number)
    {
        var inode = new ExtInode(number, new byte[volume.Superblock.InodeSize], _changed);
        _inodes[number] = inode;
        return inode;
    }

    public void StoreChanged()
    {
        foreach (var inode in _changed)
        {
            var (block, offset, _) = Locate(inode.Number);
            inode.Seal(volume).CopyTo(volume.Cache.Modify(block).AsSpan(offset));
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

    private (long Block, int Offset, long TableEnd) Locate(uint number)
    {
        var superblock = volume.Superblock;
        if (number == 0 || number > superblock.InodesCount)
        {
            throw ExtErrors.Corrupt($"inode {number} is referred to, but there are only {superblock.InodesCount}.");
        }

        var index = (number - 1) % superblock.InodesPerGroup;
        var table = volume.ReadDescriptor(superblock.GroupOfInode(number)).InodeTable;
        var position = (long)index * superblock.InodeSize;
        var tableBlocks = ((long)superblock.InodesPerGroup * superblock.InodeSize + superblock.BlockSize - 1) / superblock.BlockSize;
        return (table + position / superblock.BlockSize, (int)(position % superblock.BlockSize), table + tableBlocks);
    }
}
