using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// ext2, ext3 and ext4 (Documentation/filesystems/ext4). Metadata is read by need and changed in memory; <see cref="Flush"/> writes it. File
/// contents are written at once, but only to blocks that nothing else on the volume refers to until then, or that the file has already.
/// </summary>
internal sealed partial class ExtFileSystem : WritableGuestFileSystem
{
    private readonly ExtVolume _volume;
    private readonly GuestPathCache _paths;

    private ExtFileSystem(ExtVolume volume)
    {
        _volume = volume;
        _paths = new GuestPathCache(ExtInodeTable.RootInode, LookUp);
    }

    public override string Kind => _volume.Superblock.Kind;

    public override string? Uuid => _volume.Superblock.Uuid == Guid.Empty ? null : _volume.Superblock.Uuid.ToString();

    public override string? Label => _volume.Superblock.Label;

    public override GuestSpace Space => new(
        _volume.Superblock.BlocksCount * _volume.BlockSize, _volume.FreeBlocks * _volume.BlockSize, _volume.Superblock.InodesCount, _volume.FreeInodes);

    /// <summary>Opens the file system on a volume. A journal that was not emptied is replayed into the device first.</summary>
    /// <exception cref="GuestFileSystemException">It is damaged, or has features that are not understood.</exception>
    public static ExtFileSystem Open(WritableBlockDevice device) => new(ExtOpening.Open(device));

    public override GuestFile? Find(string path)
    {
        Trim();
        return FindInode(GuestPathCache.Normalise(path, ExtErrors.Format)) is { } inode ? Describe(inode) : null;
    }

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path)
    {
        Trim();
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        var directory = new ExtDirectory(_volume, GetDirectory(path));
        return Describe(directory);
    }

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Trim();
        return new ExtFileData(_volume, GetFile(GuestPathCache.Normalise(path, ExtErrors.Format))).Read(offset, buffer);
    }

    public override string ReadLink(string path)
    {
        Trim();
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        var inode = Get(path);
        if (!inode.IsSymbolicLink)
        {
            throw ExtErrors.Invalid(path, "is not a symbolic link.");
        }

        RefuseEncrypted(inode, path);
        return GuestText.Decode(new ExtFileData(_volume, inode).ReadLinkTarget());
    }

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path)
    {
        Trim();
        var attributes = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (index, name, value) in new ExtXattrs(_volume, Get(GuestPathCache.Normalise(path, ExtErrors.Format))).All())
        {
            if (ExtXattrNames.Join(index, name) is { } fullName)
            {
                attributes[fullName] = ExtAcl.IsAcl(index) ? ExtAcl.FromDisk(value) : value;
            }
        }

        return attributes;
    }

    public override IEnumerable<ByteRange> FreeExtents()
    {
        Trim();
        if (FindDoubts() is not null)
        {
            return [];
        }

        List<(long Start, long Count)>? runs;
        try
        {
            runs = _volume.Allocator.FreeRuns();
        }
        catch (GuestFileSystemException)
        {
            // A copier that is told nothing copies everything, which is right for a damaged file system.
            return [];
        }

        return runs?.Select(run => new ByteRange(run.Start * _volume.BlockSize, run.Count * _volume.BlockSize)) ?? [];
    }

    public override IReadOnlyList<ByteRange> ContentRanges(string path, long from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        Trim();
        var inode = GetFile(GuestPathCache.Normalise(path, ExtErrors.Format));
        if (FindDoubts() is not null || inode.Flags.HasFlag(ExtInodeFlags.InlineData))
        {
            return [];
        }

        var ranges = new List<ByteRange>();
        var map = ExtBlockMap.For(_volume, inode);
        var end = Math.Min((inode.Size + _volume.BlockSize - 1) / _volume.BlockSize, map.MaxBlocks);
        for (var block = (from + _volume.BlockSize - 1) / _volume.BlockSize; block < end;)
        {
            var run = map.Lookup(block, end - block);
            if (run.State != ExtRunState.Hole)
            {
                ranges.Add(new ByteRange(run.Physical * _volume.BlockSize, run.Length * _volume.BlockSize));
            }

            block = run.End;
        }

        return ranges;
    }

    private IEnumerable<GuestDirectoryEntry> Describe(ExtDirectory directory)
    {
        foreach (var (name, number, fileType) in directory.Enumerate())
        {
            var type = LinuxFileTypes.FromEntry(fileType) ?? _volume.Inodes.GetLinked(number).Type;
            yield return new GuestDirectoryEntry(name, type ?? GuestFileType.Regular, number);
        }
    }

    private static GuestFile Describe(ExtInode inode) => new(
        inode.Type ?? throw ExtErrors.Corrupt($"inode {inode.Number} has mode 0x{inode.Mode:x4}."),
        inode.Size, inode.Mode & ExtInode.PermissionMask, inode.UserId, inode.GroupId, inode.Modified, inode.Number, inode.LinksCount);

    private ExtInode? FindInode(string path) => _paths.Find(path) is { } number ? _volume.Inodes.GetLinked((uint)number) : null;

    private ulong? LookUp(ulong directory, byte[] name)
    {
        var inode = _volume.Inodes.GetLinked((uint)directory);
        return inode.IsDirectory && name.Length <= ExtDirectoryEntry.MaxNameLength ? new ExtDirectory(_volume, inode).Find(name) : null;
    }

    private ExtInode Get(string path) => FindInode(path) ?? throw ExtErrors.NotFound(path);

    private ExtInode GetDirectory(string path)
    {
        var inode = Get(path);
        return inode.IsDirectory ? inode : throw ExtErrors.Invalid(path, "is not a directory.");
    }

    private ExtInode GetFile(string path)
    {
        var inode = Get(path);
        if (!inode.IsRegular)
        {
            throw ExtErrors.Invalid(path, "is not a regular file.");
        }

        RefuseEncrypted(inode, path);
        return inode;
    }

    private static void RefuseEncrypted(ExtInode inode, string path)
    {
        if (inode.Flags.HasFlag(ExtInodeFlags.Encrypt))
        {
            throw ExtErrors.Unsupported($"{path} is encrypted (feature encrypt), so V2V cannot read or change it.", path: path);
        }
    }

    /// <summary>Lets memory be reused where no part of an operation holds on to it.</summary>
    private void Trim()
    {
        _volume.Inodes.Trim();
        _volume.Cache.Trim();
    }
}
