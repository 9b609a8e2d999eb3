using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What every part of the implementation shares: the device, its geometry, the cached metadata and the inodes in use.</summary>
internal sealed class XfsVolume
{
    private readonly XfsAg?[] _ags;

    public XfsVolume(WritableBlockDevice device, XfsSuperblock superblock)
    {
        Device = device;
        Superblock = superblock;
        Geometry = XfsGeometry.Of(superblock);
        Cache = new XfsBufferCache(device, superblock.IsV5);
        Inodes = new XfsInodeTable(this);
        Allocator = new XfsAllocator(this);
        InodeAllocator = new XfsInodeAllocator(this);
        _ags = new XfsAg?[superblock.AgCount];
    }

    public WritableBlockDevice Device { get; }

    public XfsSuperblock Superblock { get; }

    public XfsGeometry Geometry { get; }

    public XfsBufferCache Cache { get; }

    public XfsInodeTable Inodes { get; }

    public XfsAllocator Allocator { get; }

    public XfsInodeAllocator InodeAllocator { get; }

    public int BlockSize => Superblock.BlockSize;

    /// <summary>sb_fdblocks: free blocks, those on free lists and in free-space B-trees included.</summary>
    public ulong FreeBlocks
    {
        get => ReadCounter(XfsSuperblock.Offsets.FreeDataBlocks);
        set => WriteCounter(XfsSuperblock.Offsets.FreeDataBlocks, value);
    }

    /// <summary>sb_icount: inodes that have a place on the volume, in use or not.</summary>
    public ulong InodeCount
    {
        get => ReadCounter(XfsSuperblock.Offsets.InodeCount);
        set => WriteCounter(XfsSuperblock.Offsets.InodeCount, value);
    }

    /// <summary>sb_ifree.</summary>
    public ulong FreeInodes
    {
        get => ReadCounter(XfsSuperblock.Offsets.FreeInodes);
        set => WriteCounter(XfsSuperblock.Offsets.FreeInodes, value);
    }

    /// <summary>Lets the kernel count anew what each user, group and project has.</summary>
    public void InvalidateQuotas()
    {
        var buffer = SuperblockBuffer;
        var flags = (XfsQuotaFlags)buffer.Data.AsReadOnly().U16(XfsSuperblock.Offsets.QuotaFlags);
        if ((flags & XfsQuotaFlags.AllChecked) != 0)
        {
            buffer.Data.AsSpan().Put16(XfsSuperblock.Offsets.QuotaFlags, (ushort)(flags & ~XfsQuotaFlags.AllChecked));
            buffer.MarkDirty();
        }
    }

    /// <summary>Nothing that older kernels could not replay is in the log any more.</summary>
    public void ClearLogFeatures()
    {
        if (Superblock.LogIncompat != 0)
        {
            var buffer = SuperblockBuffer;
            buffer.Data.AsSpan().Put32(XfsSuperblock.Offsets.LogIncompat, 0);
            buffer.MarkDirty();
        }
    }

    /// <summary>Marks the superblock of version 4 for the first attribute: with attributes, in forks whose boundary moves (XFS_SB_VERSION_ATTRBIT, ATTR2BIT).</summary>
    public void NoteAttributes()
    {
        var buffer = SuperblockBuffer;
        var version = buffer.Data.AsReadOnly().U16(XfsSuperblock.Offsets.Version);
        var features = buffer.Data.AsReadOnly().U32(XfsSuperblock.Offsets.Features2);
        var noted = (ushort)(version | (ushort)(XfsVersionFlags.Attr | XfsVersionFlags.MoreBits));
        if (!Superblock.IsV5 && (noted != version || !Geometry.HasAttr2))
        {
            var data = buffer.Data.AsSpan();
            features = ((XfsVersionFlags)version).HasFlag(XfsVersionFlags.MoreBits) ? features : 0;
            data.Put16(XfsSuperblock.Offsets.Version, noted);
            data.Put32(XfsSuperblock.Offsets.Features2, features | (uint)XfsFeatures2.Attr2);
            data.Put32(XfsSuperblock.Offsets.BadFeatures2, features | (uint)XfsFeatures2.Attr2);
            buffer.MarkDirty();
        }
    }

    /// <summary>Frees every block of an inode that has no name any more, and the inode itself.</summary>
    public void Delete(XfsInode inode)
    {
        foreach (var fork in new[] { inode.DataFork, inode.AttributeFork })
        {
            if (fork.Format is XfsForkFormat.Extents or XfsForkFormat.BTree)
            {
                new XfsForkSpace(fork).Free(0, XfsExtent.MaxOffset);
            }
        }

        inode.Release();
        InodeAllocator.Free(inode.Number);
    }

    public XfsAg Ag(uint number)
    {
        if (number >= Superblock.AgCount)
        {
            throw XfsErrors.Corrupt($"allocation group {number} is referred to, but there are only {Superblock.AgCount}.");
        }

        return _ags[number] ??= new XfsAg(this, number);
    }

    /// <summary>The primary superblock's sector.</summary>
    public XfsBuffer SuperblockBuffer => Cache.Read(0, Superblock.SectorSize, XfsSuperblock.ChecksumOffset);

    private ulong ReadCounter(int offset) => SuperblockBuffer.Data.AsReadOnly().U64(offset);

    private void WriteCounter(int offset, ulong value)
    {
        var buffer = SuperblockBuffer;
        buffer.Data.AsSpan().Put64(offset, value);
        buffer.MarkDirty();
    }
}
