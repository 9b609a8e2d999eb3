using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// XFS, versions 4 and 5 (XFS Algorithms &amp; Data Structures). Metadata is read by need and changed in memory; <see cref="Flush"/> writes it.
/// File contents are written at once, but only to blocks that nothing else refers to until then, or that the file alone has already.
/// </summary>
internal sealed partial class XfsFileSystem : WritableGuestFileSystem
{
    private readonly XfsVolume _volume;
    private readonly GuestPathCache _paths;

    private XfsFileSystem(XfsVolume volume)
    {
        _volume = volume;
        _paths = new GuestPathCache(volume.Superblock.RootInode, LookUp);
    }

    public override string Kind => XfsErrors.Format;

    public override string? Uuid => new Guid(_volume.Superblock.UuidBytes, bigEndian: true) is var uuid && uuid != Guid.Empty ? uuid.ToString() : null;

    public override string? Label => _volume.Superblock.Label;

    /// <summary>Inodes are made as they are needed, so there is no number of all.</summary>
    public override GuestSpace Space => new(
        (long)(_volume.Superblock.DataBlocks - _volume.Superblock.LogBlocks) << _volume.Superblock.BlockLog,
        (long)_volume.FreeBlocks << _volume.Superblock.BlockLog, null, null);

    /// <summary>Opens the file system on a volume.</summary>
    /// <exception cref="GuestFileSystemException">It is damaged, was not unmounted cleanly, or has features that are not understood.</exception>
    public static XfsFileSystem Open(WritableBlockDevice device) => new(XfsOpening.Open(device));

    public override GuestFile? Find(string path)
    {
        Trim();
        return FindInode(GuestPathCache.Normalise(path, Kind)) is { } inode ? Describe(inode) : null;
    }

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path)
    {
        Trim();
        var directory = GetDirectory(GuestPathCache.Normalise(path, Kind));
        return Describe(new XfsDirectory(directory.DataFork));
    }

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Trim();
        return new XfsFileData(_volume, GetFile(GuestPathCache.Normalise(path, Kind))).Read(offset, buffer);
    }

    public override string ReadLink(string path)
    {
        Trim();
        path = GuestPathCache.Normalise(path, Kind);
        var inode = Get(path);
        return inode.IsSymbolicLink
            ? GuestText.Decode(new XfsSymbolicLink(inode).Read())
            : throw XfsErrors.Invalid(path, "is not a symbolic link.");
    }

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path)
    {
        Trim();
        var inode = Get(GuestPathCache.Normalise(path, Kind));
        var attributes = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (name, value) in new XfsAttributes(inode.AttributeFork).All())
        {
            attributes[name] = value;
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

        var superblock = _volume.Superblock;
        var ranges = new List<ByteRange>();
        try
        {
            for (var number = 0u; number < superblock.AgCount; number++)
            {
                ranges.AddRange(_volume.Ag(number).FreeSpace.All()
                    .Select(e => new ByteRange(superblock.ByteOf(number, e.Block), (long)e.Count << superblock.BlockLog)));
                Trim();
            }
        }
        catch (GuestFileSystemException)
        {
            // A copier that is told nothing copies everything, which is right for a damaged file system.
            return [];
        }

        return ranges;
    }

    public override IReadOnlyList<ByteRange> ContentRanges(string path, long from)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        Trim();
        var inode = GetFile(GuestPathCache.Normalise(path, Kind));
        if (FindDoubts() is not null || inode.Flags.HasFlag(XfsInodeFlags.Realtime) || inode.Flags2.HasFlag(XfsInodeFlags2.Reflink))
        {
            return [];
        }

        var ranges = new List<ByteRange>();
        var superblock = _volume.Superblock;
        var end = (ulong)(inode.Size + _volume.BlockSize - 1) >> superblock.BlockLog;
        for (var block = (ulong)(from + _volume.BlockSize - 1) >> superblock.BlockLog; block < end;)
        {
            if (inode.DataFork.Extents.FindAtOrAfter(block) is not { } extent || extent.Offset >= end)
            {
                break;
            }

            var start = Math.Max(block, extent.Offset);
            block = Math.Min(end, extent.End);
            ranges.Add(new ByteRange(superblock.ByteOf(extent.Slice(start, 1).Block), (long)(block - start) << superblock.BlockLog));
        }

        return ranges;
    }

    private IEnumerable<GuestDirectoryEntry> Describe(XfsDirectory directory)
    {
        foreach (var entry in directory.Enumerate())
        {
            var type = LinuxFileTypes.FromEntry(entry.FileType) ?? _volume.Inodes.GetLinked(entry.Inode).Type;
            yield return new GuestDirectoryEntry(GuestText.Decode(entry.Name), type ?? GuestFileType.Regular, entry.Inode);
        }
    }

    private static GuestFile Describe(XfsInode inode) => new(
        inode.Type!.Value, inode.Size, inode.Mode & XfsInode.PermissionMask, inode.UserId, inode.GroupId, inode.Modified, inode.Number, inode.LinksCount);

    private ulong? LookUp(ulong directory, byte[] name)
    {
        var inode = _volume.Inodes.GetLinked(directory);
        return inode.IsDirectory && name.Length <= XfsDirectoryEntry.MaxNameLength ? new XfsDirectory(inode.DataFork).Lookup(name)?.Inode : null;
    }

    private XfsInode? FindInode(string path) => _paths.Find(path) is { } number ? _volume.Inodes.GetLinked(number) : null;

    private XfsInode Get(string path) => FindInode(path) ?? throw XfsErrors.NotFound(path);

    private XfsInode GetDirectory(string path)
    {
        var inode = Get(path);
        return inode.IsDirectory ? inode : throw XfsErrors.Invalid(path, "is not a directory.");
    }

    private XfsInode GetFile(string path)
    {
        var inode = Get(path);
        return inode.IsRegular ? inode : throw XfsErrors.Invalid(path, "is not a regular file.");
    }

    /// <summary>Lets memory be reused where no part of an operation holds on to it.</summary>
    private void Trim()
    {
        _volume.Inodes.Trim();
        _volume.Cache.Trim();
    }
}
