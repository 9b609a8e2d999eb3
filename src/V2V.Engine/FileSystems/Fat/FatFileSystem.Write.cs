namespace V2V.Engine.FileSystems.Fat;

/// <summary>The operations that change the file system. Each is one transaction: everything is checked and reserved before it counts.</summary>
internal sealed partial class FatFileSystem
{
    private bool _isChanged;

    public override void CreateFile(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        using var change = Begin();
        var (parent, name) = PrepareName(path);
        var entry = Apply(FatDirectoryEntry.Create(FatAttributes.Archive, DateTimeOffset.UtcNow), attributes);
        new FatDirectory(_volume, parent.Cluster).Add(name, entry);
        Touch(parent);
        change.Commit();
    }

    public override void Write(string path, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        using var change = Begin();
        var file = GetFile(path);
        StoreContent(file, new FatFileData(_volume, file).Write(offset, data));
        change.Commit();
    }

    public override void Truncate(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        using var change = Begin();
        var file = GetFile(path);
        StoreContent(file, new FatFileData(_volume, file).Truncate(length));
        change.Commit();
    }

    public override void CreateDirectory(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        using var change = Begin();
        var (parent, name) = PrepareName(path);
        var entry = Apply(FatDirectoryEntry.Create(FatAttributes.Directory, DateTimeOffset.UtcNow), attributes);
        entry = entry with { FirstCluster = FatDirectory.Create(_volume, parent.Cluster, entry) };
        new FatDirectory(_volume, parent.Cluster).Add(name, entry);
        Touch(parent);
        change.Commit();
    }

    public override void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes) =>
        throw FatErrors.Unsupported($"{path} cannot be made: FAT has no symbolic links.", path);

    public override void CreateHardLink(string path, string existing) =>
        throw FatErrors.Unsupported($"{path} cannot be made: FAT has no hard links.", path);

    /// <summary>As on Linux, a file that is replaced leaves the spelling of its name, and a change of case alone is none.</summary>
    public override void Rename(string from, string to)
    {
        using var change = Begin();
        var source = Get(from);
        var components = FatPaths.Split(to);
        if (source.IsRoot || components.Length == 0)
        {
            throw FatErrors.Invalid("/", "the root directory cannot be renamed or replaced.");
        }

        for (var i = 1; i < components.Length; i++)
        {
            if (FatPaths.Find(_volume, components.AsSpan(0, i))?.Position == source.Position)
            {
                throw FatErrors.Invalid(from, $"cannot be moved into itself ({to}).");
            }
        }

        var parent = GetDirectory(to, components.AsSpan(..^1));
        var target = FatPaths.List(_volume, parent).Find(components[^1]);
        if (target?.Position == source.Position)
        {
            return;
        }

        if (target is null)
        {
            new FatDirectory(_volume, parent.Cluster).Add(ValidName(to, components[^1]), source.Entry);
        }
        else
        {
            CheckReplaceable(source, target, to);
            ReleaseClusters(target);
            _volume.Store(target, source.Entry);
        }

        new FatDirectory(_volume, source.Directory).Remove(source);
        if (source.IsDirectory && source.Directory != parent.Cluster)
        {
            new FatDirectory(_volume, source.Cluster).SetParent(parent.Cluster);
        }

        Touch(Get("/" + string.Join('/', FatPaths.Split(from)[..^1])));
        Touch(parent);
        change.Commit();
    }

    public override void Delete(string path)
    {
        using var change = Begin();
        var components = FatPaths.Split(path);
        var file = Get(path);
        if (file.IsRoot)
        {
            throw FatErrors.Invalid(path, "the root directory cannot be deleted.");
        }

        if (file.IsDirectory && FatPaths.List(_volume, file).Files.Count > 0)
        {
            throw FatErrors.Invalid(path, "the directory is not empty.");
        }

        ReleaseClusters(file);
        new FatDirectory(_volume, file.Directory).Remove(file);
        Touch(GetDirectory(path, components.AsSpan(..^1)));
        change.Commit();
    }

    /// <summary>
    /// FAT has no owners and no permissions, so they are left as the driver shows them; a mode without any write bit makes a file read-only.
    /// </summary>
    public override void SetAttributes(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        using var change = Begin();
        var file = Get(path);
        if (!file.IsRoot)
        {
            _volume.Store(file, Apply(file.Entry, attributes));
        }

        change.Commit();
    }

    public override void SetExtendedAttribute(string path, string name, byte[]? value)
    {
        Get(path);
        if (value is not null)
        {
            throw FatErrors.Unsupported($"{path}: FAT has no extended attributes such as {name}.", path);
        }
    }

    public override void Flush()
    {
        if (!_isChanged)
        {
            return;
        }

        _volume.UpdateInfo();
        _volume.Cache.WriteBack();
        _volume.Device.Flush();
        _isChanged = false;
    }

    private FatTransaction Begin()
    {
        if (_fault.Value is { } fault)
        {
            throw fault;
        }

        _isChanged = true;
        return new FatTransaction(_volume);
    }

    private static FatDirectoryEntry Apply(FatDirectoryEntry entry, GuestFileAttributes attributes)
    {
        if (attributes.Mode is { } mode && !entry.IsDirectory)
        {
            entry = entry with
            {
                Attributes = (mode & WriteBits) == 0 ? entry.Attributes | FatAttributes.ReadOnly : entry.Attributes & ~FatAttributes.ReadOnly,
            };
        }

        return attributes.Modified is { } modified ? entry.Modified(modified) : entry;
    }

    /// <summary>The directory and name for something new.</summary>
    private (FatFile Directory, string Name) PrepareName(string path)
    {
        var components = FatPaths.Split(path);
        if (components.Length == 0)
        {
            throw FatErrors.Exists(path);
        }

        var directory = GetDirectory(path, components.AsSpan(..^1));
        var name = ValidName(path, components[^1]);
        return FatPaths.List(_volume, directory).Find(name) is null ? (directory, name) : throw FatErrors.Exists(path);
    }

    private static string ValidName(string path, string name) =>
        FatLongName.FindFault(name) is { } fault ? throw FatErrors.Invalid(path, fault) : name;

    private void CheckReplaceable(FatFile source, FatFile target, string to) =>
        GuestRename.CheckReplaceable(to, source.IsDirectory, target.IsDirectory, () => FatPaths.List(_volume, target).Files.Count == 0, FatErrors.Invalid);

    private void StoreContent(FatFile file, FatDirectoryEntry entry) =>
        _volume.Store(file, entry.Modified(DateTimeOffset.UtcNow) with { Attributes = entry.Attributes | FatAttributes.Archive });

    private void ReleaseClusters(FatFile file)
    {
        if (file.Cluster != 0)
        {
            _volume.Table.Release(file.Cluster);
            _volume.Forget(file.Cluster);
        }
    }

    private void Touch(FatFile directory)
    {
        if (!directory.IsRoot)
        {
            _volume.Store(directory, directory.Entry.Modified(DateTimeOffset.UtcNow));
        }
    }
}
