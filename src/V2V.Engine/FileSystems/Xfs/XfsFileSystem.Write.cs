using System.Security.Cryptography;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The operations that change the file system. Each is one transaction: everything is checked and reserved before it counts.</summary>
internal sealed partial class XfsFileSystem
{
    /// <summary>The kernel's XFS_MAXLINK.</summary>
    private const uint MaxLinks = int.MaxValue;

    private const int DefaultFileMode = 0x1A4; // 0644

    private const int DefaultDirectoryMode = 0x1ED; // 0755

    private const int LinkMode = 0x1FF; // 0777

    /// <summary>Flags that everything new takes from its directory, and those that only directories take (xfs_inode_inherit_flags).</summary>
    private const XfsInodeFlags InheritedFlags =
        XfsInodeFlags.NoAccessTime | XfsInodeFlags.NoDump | XfsInodeFlags.Synchronous | XfsInodeFlags.NoSymbolicLinks
        | XfsInodeFlags.NoDefragment | XfsInodeFlags.FileStream | XfsInodeFlags.ProjectInherit;

    private const XfsInodeFlags DirectoryOnlyFlags =
        XfsInodeFlags.ProjectInherit | XfsInodeFlags.ExtentSizeInherit | XfsInodeFlags.RealtimeInherit;

    private bool _isPrepared;
    private bool _isChanged;

    public override void CreateFile(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = Create(path, GuestFileType.Regular, attributes);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void Write(string path, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = GetFile(path);
        new XfsFileData(_volume, inode).Write(offset, data);
        inode.Modified = inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
    }

    public override void Truncate(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = GetFile(path);
        new XfsFileData(_volume, inode).Truncate(length);
        inode.Modified = inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
    }

    public override void CreateDirectory(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = Create(path, GuestFileType.Directory, attributes);
        var parent = GetDirectory(GuestPathCache.Split(path).Parent);
        XfsDirectory.Initialise(inode.DataFork, parent.Number);
        inode.LinksCount = 2;
        AddLink(parent, path);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        var bytes = GuestText.Encode(target);
        if (bytes.Length is 0 or > XfsSymbolicLink.MaxLength || bytes.AsSpan().Contains((byte)0))
        {
            throw XfsErrors.Invalid(path, $"a symbolic link's target has 1 to {XfsSymbolicLink.MaxLength} bytes, none of them NUL.");
        }

        using var change = Begin();
        var inode = Create(path, GuestFileType.SymbolicLink, attributes);
        new XfsSymbolicLink(inode).Write(bytes);
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void CreateHardLink(string path, string existing)
    {
        path = GuestPathCache.Normalise(path, Kind);
        existing = GuestPathCache.Normalise(existing, Kind);
        using var change = Begin();
        var inode = Get(existing);
        if (inode.IsDirectory)
        {
            throw XfsErrors.Invalid(existing, "a directory cannot have a second name.");
        }

        var (parent, name) = PrepareName(path);
        AddName(parent, name, inode);
        TouchDirectory(parent);
        AddLink(inode, existing);
        inode.Changed = DateTimeOffset.UtcNow;
        change.Commit();
        _paths.Remember(path, inode.Number);
    }

    public override void Rename(string from, string to)
    {
        from = GuestPathCache.Normalise(from, Kind);
        to = GuestPathCache.Normalise(to, Kind);
        using var change = Begin();
        var source = Get(from);
        if (from == to)
        {
            return;
        }

        if (from == "/" || to == "/")
        {
            throw XfsErrors.Invalid("/", "the root directory cannot be renamed or replaced.");
        }

        if (to.StartsWith(from + "/", StringComparison.Ordinal))
        {
            throw XfsErrors.Invalid(from, $"cannot be moved into itself ({to}).");
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
            AddName(toDirectory, toName, source);
        }
        else
        {
            CheckReplaceable(source, target, to);
            new XfsDirectory(toDirectory.DataFork).Replace(toName, source.Number, LinuxFileTypes.ToEntry(source.Type!.Value));
            DropName(target, toDirectory);
        }

        new XfsDirectory(fromDirectory.DataFork).Remove(fromName);
        if (source.IsDirectory && fromDirectory != toDirectory)
        {
            new XfsDirectory(source.DataFork).Parent = toDirectory.Number;
            fromDirectory.LinksCount--;
            AddLink(toDirectory, to);
        }

        source.Changed = DateTimeOffset.UtcNow;
        TouchDirectory(fromDirectory);
        TouchDirectory(toDirectory);
        change.Commit();
        _paths.Forget();
    }

    public override void Delete(string path)
    {
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = Get(path);
        if (path == "/")
        {
            throw XfsErrors.Invalid(path, "the root directory cannot be deleted.");
        }

        if (inode.IsDirectory && !new XfsDirectory(inode.DataFork).IsEmpty)
        {
            throw XfsErrors.Invalid(path, "the directory is not empty.");
        }

        var (directory, name) = LocateName(path);
        new XfsDirectory(directory.DataFork).Remove(name);
        DropName(inode, directory);
        TouchDirectory(directory);
        change.Commit();
        _paths.Forget();
    }

    public override void SetAttributes(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
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
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var inode = Get(path);
        SetExtendedAttribute(inode, name, value, path);
        if (value is not null && name == PosixAcl.AccessName)
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

        _volume.Cache.WriteBack();
        _volume.Device.Flush();
        _isChanged = false;
    }

    /// <summary>Starts an operation.</summary>
    private XfsTransaction Begin()
    {
        if (!_isPrepared)
        {
            if (FindDoubts() is { } doubts)
            {
                throw doubts;
            }

            _volume.InvalidateQuotas();
            _isPrepared = true;
        }

        _isChanged = true;
        return new XfsTransaction(_volume, _paths.Forget);
    }

    /// <summary>Why the file system must not be written, and its free space not be believed; null when nothing speaks against it.</summary>
    private GuestFileSystemException? FindDoubts()
    {
        var superblock = _volume.Superblock;
        if (superblock.Incompat.HasFlag(XfsIncompatFeatures.NeedsRepair))
        {
            return XfsErrors.NeedsRepair("The XFS file system is marked as needing xfs_repair.");
        }

        if ((superblock.ReadOnlyCompat & ~XfsSupport.WritableReadOnlyCompat) is not 0 and var unknown)
        {
            return Unwritable(XfsSupport.Describe(unknown));
        }

        if ((superblock.Incompat & ~XfsSupport.Writable) is not 0 and var unwritable)
        {
            return Unwritable(XfsSupport.Describe(unwritable));
        }

        if (!superblock.IsV5 && !superblock.Version.HasFlag(XfsVersionFlags.NLink))
        {
            return Unwritable("inodes of version 1");
        }

        return superblock.IsReadOnly
            ? XfsErrors.Unsupported("The XFS file system is marked as read-only (XFS_SBF_READONLY).", "Clear the flag with xfs_db in the source guest.")
            : null;

        static GuestFileSystemException Unwritable(string features) => XfsErrors.Unsupported(
            $"The XFS file system can be read but not written, because of features that V2V does not write: {features}.",
            "Copy its files to a file system made without these features in the source guest.");
    }

    private XfsInode Create(string path, GuestFileType type, GuestFileAttributes attributes)
    {
        var (parent, name) = PrepareName(path);
        if (type == GuestFileType.SymbolicLink && parent.Flags.HasFlag(XfsInodeFlags.NoSymbolicLinks))
        {
            throw XfsErrors.Invalid(path, "the directory is marked so that it takes no symbolic links (nosymlinks).");
        }

        var inode = _volume.Inodes.Get(_volume.InodeAllocator.Allocate(parent.Number));
        if (inode.Mode != 0)
        {
            throw XfsErrors.Corrupt($"inode {inode.Number} counts as free, but is in use.");
        }

        var mode = LinuxFileTypes.ToMode(type) | type switch
        {
            GuestFileType.Directory => DefaultDirectoryMode,
            GuestFileType.SymbolicLink => LinkMode,
            _ => DefaultFileMode,
        };
        inode.Initialise((ushort)mode, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))));
        inode.LinksCount = 1;
        Inherit(inode, parent);
        var now = DateTimeOffset.UtcNow;
        inode.Created = inode.Accessed = inode.Modified = now;
        Apply(inode, attributes);
        AddName(parent, name, inode);
        TouchDirectory(parent);
        return inode;
    }

    /// <summary>What XFS hands down from a directory: flags, hints for extents, and with projinherit the project.</summary>
    private static void Inherit(XfsInode inode, XfsInode parent)
    {
        var flags = parent.Flags;
        var inherited = XfsInodeFlags.None;
        if (inode.IsDirectory)
        {
            inherited = flags & (InheritedFlags | DirectoryOnlyFlags);
            inode.ExtentSizeHint = flags.HasFlag(XfsInodeFlags.ExtentSizeInherit) ? parent.ExtentSizeHint : 0;
        }
        else if (inode.IsRegular)
        {
            inherited = flags & InheritedFlags & ~DirectoryOnlyFlags;
            if (flags.HasFlag(XfsInodeFlags.ExtentSizeInherit))
            {
                inherited |= XfsInodeFlags.ExtentSize;
                inode.ExtentSizeHint = parent.ExtentSizeHint;
            }
        }

        inode.Flags = inherited;
        if (parent.Flags2.HasFlag(XfsInodeFlags2.CopyExtentSize) && (inode.IsDirectory || inode.IsRegular))
        {
            inode.Flags2 |= XfsInodeFlags2.CopyExtentSize;
            inode.CopyExtentSizeHint = parent.CopyExtentSizeHint;
        }

        if (parent.Flags2.HasFlag(XfsInodeFlags2.Dax) && (inode.IsDirectory || inode.IsRegular))
        {
            inode.Flags2 |= XfsInodeFlags2.Dax;
        }

        if (flags.HasFlag(XfsInodeFlags.ProjectInherit))
        {
            inode.ProjectId = parent.ProjectId;
        }
    }

    private static void Apply(XfsInode inode, GuestFileAttributes attributes)
    {
        if (attributes.Mode is { } mode)
        {
            inode.Mode = (ushort)((inode.Mode & LinuxFileTypes.TypeMask) | (mode & XfsInode.PermissionMask));
        }

        inode.UserId = attributes.UserId ?? inode.UserId;
        inode.GroupId = attributes.GroupId ?? inode.GroupId;
        inode.Modified = attributes.Modified ?? inode.Modified;
        inode.Changed = DateTimeOffset.UtcNow;
    }

    private static void SetExtendedAttribute(XfsInode inode, string name, byte[]? value, string path)
    {
        var attributes = new XfsAttributes(inode.AttributeFork);
        if (value is null)
        {
            attributes.Remove(name, path);
        }
        else if (!attributes.TrySet(name, value, path))
        {
            throw XfsErrors.Full($"There is no room for extended attributes in the inode of {path}.");
        }
    }

    /// <summary>The permissions of owner, group class and others stand in the mode and in an ACL; as with chmod(2), both have to say the same.</summary>
    private static void BringAclToMode(XfsInode inode, string path)
    {
        if (new XfsAttributes(inode.AttributeFork).Get(PosixAcl.AccessName, path) is { } acl && PosixAcl.Parse(acl) is not null)
        {
            SetExtendedAttribute(inode, PosixAcl.AccessName, PosixAcl.WithMode(acl, inode.Mode), path);
        }
    }

    /// <summary>The directory and name for something new.</summary>
    private (XfsInode Directory, byte[] Name) PrepareName(string path)
    {
        if (path == "/" || FindInode(path) is not null)
        {
            throw XfsErrors.Exists(path);
        }

        return LocateName(path);
    }

    private (XfsInode Directory, byte[] Name) LocateName(string path)
    {
        var (parent, name) = GuestPathCache.Split(path);
        var bytes = GuestText.Encode(name);
        if (bytes.Length > XfsDirectoryEntry.MaxNameLength || bytes.AsSpan().Contains((byte)0))
        {
            throw XfsErrors.Invalid(path, $"the name has {bytes.Length} bytes; at most {XfsDirectoryEntry.MaxNameLength} are allowed, none of them NUL.");
        }

        return (GetDirectory(parent), bytes);
    }

    private static void AddName(XfsInode directory, byte[] name, XfsInode inode) =>
        new XfsDirectory(directory.DataFork).Add(name, inode.Number, LinuxFileTypes.ToEntry(inode.Type!.Value));

    private static void CheckReplaceable(XfsInode source, XfsInode target, string to) =>
        GuestRename.CheckReplaceable(to, source.IsDirectory, target.IsDirectory, () => new XfsDirectory(target.DataFork).IsEmpty, XfsErrors.Invalid);

    /// <summary>One name of an inode is gone; with the last one goes the inode.</summary>
    private void DropName(XfsInode inode, XfsInode directory)
    {
        inode.Changed = DateTimeOffset.UtcNow;
        if (inode.IsDirectory)
        {
            directory.LinksCount--;
            _volume.Delete(inode);
        }
        else if (--inode.LinksCount == 0)
        {
            _volume.Delete(inode);
        }
    }

    private static void AddLink(XfsInode inode, string path)
    {
        if (inode.LinksCount >= MaxLinks)
        {
            throw XfsErrors.Full($"{path} has {inode.LinksCount} links already; no more are allowed.");
        }

        inode.LinksCount++;
    }

    private static void TouchDirectory(XfsInode directory) => directory.Modified = directory.Changed = DateTimeOffset.UtcNow;
}
