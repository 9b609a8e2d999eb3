using System.Security.Cryptography;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The operations that change the file system. Each is one transaction: everything is checked and reserved before it counts.</summary>
internal sealed partial class ExtFileSystem
{
    /// <summary>The kernel's EXT4_LINK_MAX.</summary>
    private const uint MaxLinks = 65000;

    private const int DefaultFileMode = 0x1A4; // 0644

    private const int DefaultDirectoryMode = 0x1ED; // 0755

    private const int LinkMode = 0x1FF; // 0777

    /// <summary>Flags that new files take from their directory, and those of them that only mean something to directories.</summary>
    private const ExtInodeFlags InheritedFlags =
        ExtInodeFlags.SecureDeletion | ExtInodeFlags.Undelete | ExtInodeFlags.Compress | ExtInodeFlags.Synchronous | ExtInodeFlags.NoDump
        | ExtInodeFlags.NoAccessTime | ExtInodeFlags.NoCompress | ExtInodeFlags.JournalData | ExtInodeFlags.NoTail
        | ExtInodeFlags.DirectorySynchronous | ExtInodeFlags.ProjectInherit | ExtInodeFlags.Dax;

    private const ExtInodeFlags DirectoryOnlyFlags = ExtInodeFlags.DirectorySynchronous | ExtInodeFlags.ProjectInherit;

    private const ExtInodeFlags LinkFlags = ExtInodeFlags.NoDump | ExtInodeFlags.NoAccessTime;

    private bool _isPrepared;
    private bool _isChanged;

    public override void CreateFile(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = Create(path, GuestFileType.Regular, attributes);
        ExtInlineData.InitialiseMap(_volume, inode);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void Write(string path, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = GetFile(path);
        RefuseVerity(inode, path);
        new ExtFileData(_volume, inode).Write(offset, data);
        inode.Modified = inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
    }

    public override void Truncate(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = GetFile(path);
        RefuseVerity(inode, path);
        new ExtFileData(_volume, inode).Truncate(length);
        inode.Modified = inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
    }

    public override void CreateDirectory(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = Create(path, GuestFileType.Directory, attributes);
        var parent = GetDirectory(GuestPathCache.Split(path).Parent);
        ExtDirectory.Initialise(_volume, inode, parent.Number);
        inode.LinksCount = 2;
        AddDirectoryLink(parent, path);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        var bytes = GuestText.Encode(target);

        // The kernel stores a terminating NUL in the same block.
        if (bytes.Length == 0 || bytes.Length >= Math.Min(_volume.BlockSize, 4096) || bytes.AsSpan().Contains((byte)0))
        {
            throw ExtErrors.Invalid(path, $"a symbolic link's target has 1 to {Math.Min(_volume.BlockSize, 4096) - 1} bytes, none of them NUL.");
        }

        using var change = Begin();
        var inode = Create(path, GuestFileType.SymbolicLink, attributes);
        new ExtFileData(_volume, inode).WriteLinkTarget(bytes);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void CreateHardLink(string path, string existing)
    {
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        existing = GuestPathCache.Normalise(existing, ExtErrors.Format);
        using var change = Begin();
        var inode = Get(existing);
        if (inode.IsDirectory)
        {
            throw ExtErrors.Invalid(existing, "a directory cannot have a second name.");
        }

        if (inode.LinksCount >= MaxLinks)
        {
            throw ExtErrors.Full($"{existing} has {inode.LinksCount} names already; at most {MaxLinks} are allowed.");
        }

        var (parent, name) = PrepareName(path);
        new ExtDirectory(_volume, parent).Add(name, inode.Number, inode.Type!.Value);
        TouchDirectory(parent);
        inode.LinksCount++;
        inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void Rename(string from, string to)
    {
        from = GuestPathCache.Normalise(from, ExtErrors.Format);
        to = GuestPathCache.Normalise(to, ExtErrors.Format);
        using var change = Begin();
        var source = Get(from);
        if (from == to)
        {
            return;
        }

        if (from == "/" || to == "/")
        {
            throw ExtErrors.Invalid("/", "the root directory cannot be renamed or replaced.");
        }

        if (to.StartsWith(from + "/", StringComparison.Ordinal))
        {
            throw ExtErrors.Invalid(from, $"cannot be moved into itself ({to}).");
        }

        var (fromDirectory, fromName) = LocateName(from);
        var (toDirectory, toName) = LocateName(to);
        var target = FindInode(to);
        if (target == source)
        {
            // Two names of one file: rename(2) does nothing.
            return;
        }

        if (target is null)
        {
            new ExtDirectory(_volume, toDirectory).Add(toName, source.Number, source.Type!.Value);
        }
        else
        {
            CheckReplaceable(source, target, to);
            new ExtDirectory(_volume, toDirectory).Replace(toName, source.Number, source.Type!.Value);
            DropName(target, toDirectory);
        }

        new ExtDirectory(_volume, fromDirectory).Remove(fromName);
        if (source.IsDirectory && fromDirectory != toDirectory)
        {
            new ExtDirectory(_volume, source).SetParent(toDirectory.Number);
            DropDirectoryLink(fromDirectory);
            AddDirectoryLink(toDirectory, to);
        }

        source.Changed = DateTimeOffset.UtcNow;
        TouchDirectory(fromDirectory);
        TouchDirectory(toDirectory);
        change.Commit();
        _paths.Forget();
    }

    public override void Delete(string path)
    {
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = Get(path);
        if (path == "/")
        {
            throw ExtErrors.Invalid(path, "the root directory cannot be deleted.");
        }

        if (inode.IsDirectory && !new ExtDirectory(_volume, inode).IsEmpty())
        {
            throw ExtErrors.Invalid(path, "the directory is not empty.");
        }

        var (directory, name) = LocateName(path);
        new ExtDirectory(_volume, directory).Remove(name);
        DropName(inode, directory);
        TouchDirectory(directory);
        change.Commit();
        _paths.Forget();
    }

    public override void SetAttributes(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        using var change = Begin();
        var inode = Get(path);
        Apply(inode, attributes);
        if (attributes.Mode is not null)
        {
            BringAclToMode(inode, path);
        }

        change.Commit();
    }

    public override void SetExtendedAttribute(string path, string name, byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(name);
        path = GuestPathCache.Normalise(path, ExtErrors.Format);
        var (index, suffix) = ExtXattrNames.Split(name, path);
        var stored = value is not null && ExtAcl.IsAcl(index) ? ExtAcl.ToDisk(value, path) : value;
        using var change = Begin();
        var inode = Get(path);
        new ExtXattrs(_volume, inode).Set(index, suffix, stored);
        if (value is not null && index == ExtAcl.AccessIndex)
        {
            inode.Mode = (ushort)PosixAcl.ModeOf(value, inode.Mode);
        }

        inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
    }

    public override void Flush()
    {
        if (!_isChanged)
        {
            return;
        }

        _volume.TouchSuperblock(DateTimeOffset.UtcNow);
        _volume.Cache.WriteBack();
        _volume.Device.Flush();
        _isChanged = false;
    }

    /// <summary>Starts an operation. The first one also finishes what the guest left half done.</summary>
    private ExtTransaction Begin()
    {
        if (!_isPrepared)
        {
            if (FindDoubts() is { } doubts)
            {
                throw doubts;
            }

            _isChanged = true;
            ExtOrphans.Process(_volume);
            _isPrepared = true;
        }

        _isChanged = true;
        return _volume.Begin(_paths.Forget);
    }

    /// <summary>Why the file system must not be written, and its bitmaps not be believed; null when nothing speaks against it.</summary>
    private GuestFileSystemException? FindDoubts()
    {
        var superblock = _volume.Superblock;
        if ((superblock.RoCompat & ~ExtSupport.Writable) is not 0 and var unknown)
        {
            return ExtErrors.Unsupported(
                $"The ext file system can be read but not written, because of features that V2V does not understand: {ExtSupport.Describe(unknown)}.",
                "Turn the feature off with tune2fs -O in the source guest, if it can be.");
        }

        if (_volume.IsBackupSuperblock)
        {
            return ExtErrors.Corrupt("its primary superblock cannot be used, so a backup is read, which is not written.");
        }

        if ((superblock.State & ExtSuperblock.StateErrors) != 0)
        {
            return ExtErrors.NotClean("The guest's kernel found errors in this ext file system and marked it for repair.");
        }

        if (!superblock.Compat.HasFlag(ExtCompatFeatures.HasJournal) && (superblock.State & ExtSuperblock.StateValid) == 0)
        {
            return ExtErrors.NotClean("The ext file system was not unmounted cleanly and has no journal.");
        }

        return superblock.Incompat.HasFlag(ExtIncompatFeatures.Mmp) ? ExtMmp.FindDoubts(_volume) : null;
    }

    private ExtInode Create(string path, GuestFileType type, GuestFileAttributes attributes)
    {
        var (parent, name) = PrepareName(path);
        var isDirectory = type == GuestFileType.Directory;
        var inode = _volume.Inodes.Create(_volume.InodeAllocator.Allocate(parent.Number, isDirectory));
        inode.Mode = (ushort)(LinuxFileTypes.ToMode(type) | type switch
        {
            GuestFileType.Directory => DefaultDirectoryMode,
            GuestFileType.SymbolicLink => LinkMode,
            _ => DefaultFileMode,
        });
        inode.Flags = parent.Flags & InheritedFlags & type switch
        {
            GuestFileType.Directory => ~ExtInodeFlags.None,
            GuestFileType.Regular => ~DirectoryOnlyFlags,
            _ => LinkFlags,
        };
        inode.LinksCount = 1;
        inode.Generation = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
        inode.Version = 1;
        if (_volume.Superblock.InodeSize > ExtInode.BaseSize)
        {
            inode.ExtraIsize = _volume.Superblock.ExtraIsize;
        }

        if (parent.Flags.HasFlag(ExtInodeFlags.ProjectInherit))
        {
            inode.ProjectId = parent.ProjectId;
        }

        var now = DateTimeOffset.UtcNow;
        inode.Created = inode.Accessed = inode.Modified = now;
        Apply(inode, attributes);
        new ExtDirectory(_volume, parent).Add(name, inode.Number, type);
        TouchDirectory(parent);
        return inode;
    }

    private static void Apply(ExtInode inode, GuestFileAttributes attributes)
    {
        if (attributes.Mode is { } mode)
        {
            inode.Mode = (ushort)((inode.Mode & ExtInode.TypeMask) | (mode & ExtInode.PermissionMask));
        }

        inode.UserId = attributes.UserId ?? inode.UserId;
        inode.GroupId = attributes.GroupId ?? inode.GroupId;
        inode.Modified = attributes.Modified ?? inode.Modified;
        inode.Changed = DateTimeOffset.UtcNow;
    }

    /// <summary>The permissions of owner, group class and others stand in the mode and in an ACL; as with chmod(2), both have to say the same.</summary>
    private void BringAclToMode(ExtInode inode, string path)
    {
        var attributes = new ExtXattrs(_volume, inode);
        foreach (var (index, name, value) in attributes.All().Where(a => a.Index == ExtAcl.AccessIndex).ToList())
        {
            var acl = ExtAcl.FromDisk(value);
            if (PosixAcl.Parse(acl) is not null)
            {
                attributes.Set(index, name, ExtAcl.ToDisk(PosixAcl.WithMode(acl, inode.Mode), path));
            }
        }
    }

    /// <summary>The directory and name for something new.</summary>
    private (ExtInode Directory, byte[] Name) PrepareName(string path)
    {
        if (path == "/" || FindInode(path) is not null)
        {
            throw ExtErrors.Exists(path);
        }

        return LocateName(path);
    }

    private (ExtInode Directory, byte[] Name) LocateName(string path)
    {
        var (parent, name) = GuestPathCache.Split(path);
        var bytes = GuestText.Encode(name);
        if (bytes.Length > ExtDirectoryEntry.MaxNameLength || bytes.AsSpan().Contains((byte)0))
        {
            throw ExtErrors.Invalid(path, $"the name has {bytes.Length} bytes; at most {ExtDirectoryEntry.MaxNameLength} are allowed, none of them NUL.");
        }

        return (GetDirectory(parent), bytes);
    }

    private void CheckReplaceable(ExtInode source, ExtInode target, string to) =>
        GuestRename.CheckReplaceable(to, source.IsDirectory, target.IsDirectory, () => new ExtDirectory(_volume, target).IsEmpty(), ExtErrors.Invalid);

    /// <summary>One name of an inode is gone; with the last one goes the inode.</summary>
    private void DropName(ExtInode inode, ExtInode directory)
    {
        inode.Changed = DateTimeOffset.UtcNow;
        if (inode.IsDirectory)
        {
            DropDirectoryLink(directory);
            ExtDeletion.Delete(_volume, inode);
        }
        else if (--inode.LinksCount == 0)
        {
            ExtDeletion.Delete(_volume, inode);
        }
    }

    /// <summary>A subdirectory's ".." counts. With dir_nlink, an indexed directory with too many counts 1 for good.</summary>
    private void AddDirectoryLink(ExtInode directory, string path)
    {
        var canOverflow = directory.Flags.HasFlag(ExtInodeFlags.Index) && _volume.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.DirNlink);
        var links = directory.LinksCount + 1;
        if (directory.LinksCount == 1 && canOverflow)
        {
            return;
        }

        if (links >= MaxLinks)
        {
            links = canOverflow ? 1u : throw ExtErrors.Full($"{path}: the directory above holds {links - 2} directories; no more are allowed.");
        }

        directory.LinksCount = links;
    }

    private static void DropDirectoryLink(ExtInode directory)
    {
        if (directory.LinksCount > 2)
        {
            directory.LinksCount--;
        }
    }

    private static void TouchDirectory(ExtInode directory) => directory.Modified = directory.Changed = DateTimeOffset.UtcNow;

    private static void RefuseVerity(ExtInode inode, string path)
    {
        if (inode.Flags.HasFlag(ExtInodeFlags.Verity))
        {
            throw ExtErrors.Unsupported($"{path} is sealed (feature verity) and cannot be changed.", path: path);
        }
    }
}
