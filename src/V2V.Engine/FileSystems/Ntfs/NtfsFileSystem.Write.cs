using V2V.Engine.FileSystems.Ntfs.Log;
using V2V.Engine.FileSystems.Ntfs.Security;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The operations that change the file system. Each is one transaction: everything is checked and reserved before it counts.</summary>
internal sealed partial class NtfsFileSystem
{
    private bool _isChanged;
    private bool _isLogReset;

    public override void CreateFile(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        Create(path, isDirectory: false, attributes);
        change.Commit();
    }

    public override void Write(string path, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var file = GetOwnFile(path);
        if (data.IsEmpty)
        {
            return;
        }

        var stream = PlainData(file, path, keepContents: true);
        var writer = new NtfsFileWriter(_volume, file, stream);
        writer.Prepare(offset, data);
        NoteContents(file);
        change.Prepare();
        writer.Finish(offset, data);
        change.Commit();
    }

    public override void Truncate(string path, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var file = GetOwnFile(path);
        new NtfsFileWriter(_volume, file, PlainData(file, path, keepContents: length > 0)).Truncate(length);
        NoteContents(file);
        change.Commit();
    }

    public override void CreateDirectory(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        Create(path, isDirectory: true, attributes);
        change.Commit();
    }

    /// <summary>
    /// The link is one to a directory, which Windows tells apart, if its target is one now. "/C:/..." and "/Volume{...}" become absolute
    /// targets, another path from the root one on the link's own volume.
    /// </summary>
    public override void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        var value = NtfsReparsePoint.CreateLink(target).ToBytes();
        if (target.Length == 0 || target.Contains('\0', StringComparison.Ordinal) || value.Length > NtfsReparsePoint.MaxSize)
        {
            throw NtfsErrors.Invalid(path, "a symbolic link's target has at least one character, no NUL, and fits a reparse point.");
        }

        using var change = Begin();
        var file = Create(path, IsDirectoryTarget(path, target), attributes);
        var content = new NtfsMetadataContent(
            _volume, file, file.Add(new NtfsAttribute(NtfsAttributeType.ReparsePoint, "") { Value = [] }));
        content.Resize(value.Length);
        content.Write(0, value);
        var information = file.Information;
        information.Flags |= NtfsFileFlags.ReparsePoint;
        new NtfsViewIndexes(_paths).AddReparsePoint(file, NtfsReparseTag.SymbolicLink, path);
        change.Commit();
    }

    public override void CreateHardLink(string path, string existing)
    {
        path = GuestPathCache.Normalise(path, Kind);
        existing = GuestPathCache.Normalise(existing, Kind);
        using var change = Begin();
        var file = GetOwn(existing);
        if (file.IsDirectory)
        {
            throw NtfsErrors.Invalid(existing, "a directory cannot have a second name.");
        }

        var (directory, name) = PrepareName(path);
        NtfsNames.Add(file, directory, name);
        Touch(file);
        change.Commit();
    }

    /// <summary>A name that differs only by case replaces the old spelling.</summary>
    public override void Rename(string from, string to)
    {
        from = GuestPathCache.Normalise(from, Kind);
        to = GuestPathCache.Normalise(to, Kind);
        using var change = Begin();
        var source = GetOwn(from);
        if (from == to)
        {
            return;
        }

        if (to == "/")
        {
            throw NtfsErrors.Invalid(to, "the root directory cannot be replaced.");
        }

        var (fromDirectory, fromEntry) = LocateName(from);
        var (toDirectory, toName) = LocateParent(to);
        RefuseLoop(source, toDirectory, from, to);
        var names = new NtfsNames(_volume);
        if (new NtfsDirectory(toDirectory).Find(toName) is { } found)
        {
            if (found.Reference.Number == source.Number)
            {
                // Another name of the same file: rename(2) does nothing. The same name in other case is changed.
                var isSameName = toDirectory == fromDirectory && IsSameName(source, fromEntry.Name, found.Name);
                if (!isSameName || fromEntry.Name.Name == toName)
                {
                    return;
                }
            }
            else
            {
                var target = _volume.Files.Get(found.Reference);
                CheckReplaceable(source, target, to);
                names.Remove(target, found.Name);
                ReleaseUnlessNamed(target);
            }
        }

        CheckName(to, toName);
        names.Remove(source, fromEntry.Name);
        NtfsNames.Add(source, toDirectory, toName);
        Touch(source);
        change.Commit();
        _paths.Forget();
    }

    public override void Delete(string path)
    {
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var file = GetOwn(path);
        if (file.IsDirectory && !new NtfsDirectory(file).IsEmpty)
        {
            throw NtfsErrors.Invalid(path, "the directory is not empty.");
        }

        var (_, entry) = LocateName(path);
        new NtfsNames(_volume).Remove(file, entry.Name);
        ReleaseUnlessNamed(file);
        change.Commit();
        _paths.Forget();
    }

    /// <summary>
    /// NTFS has no owners by number and no modes, so these are left as the driver shows them; a mode without any write bit makes a file
    /// read-only.
    /// </summary>
    public override void SetAttributes(string path, GuestFileAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var file = GetOwn(path, allowRoot: true);
        Touch(file);
        Apply(file, attributes);
        change.Commit();
    }

    public override void SetExtendedAttribute(string path, string name, byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(name);
        path = GuestPathCache.Normalise(path, Kind);
        using var change = Begin();
        var file = GetOwn(path, allowRoot: true);
        switch (name)
        {
            case FlagsName when value is { Length: sizeof(uint) }:
                var information = file.Information;
                information.Flags = (information.Flags & ~NtfsFileFlags.Settable) | ((NtfsFileFlags)value.AsReadOnly().U32(0) & NtfsFileFlags.Settable);
                break;
            case DescriptorName when value is not null && NtfsSecurityDescriptor.TryParse(value) is not null:
                _descriptors.Set(file, value);
                break;
            case FlagsName or DescriptorName:
                throw NtfsErrors.Invalid(path, $"the value of {name} is malformed, or would be removed, which NTFS does not allow.");
            default:
                throw NtfsErrors.Unsupported($"{path}: {name} cannot be set on NTFS; {FlagsName} and {DescriptorName} can.", path: path);
        }

        Touch(file);
        change.Commit();
    }

    public override void Flush()
    {
        if (!_isChanged)
        {
            return;
        }

        if (!_isLogReset)
        {
            ResetLog();
            _isLogReset = true;
        }

        _volume.Cache.WriteBack();
        _volume.Device.Flush();
        _isChanged = false;
    }

    /// <summary>What the log says of the places that were changed is no longer true, so Windows must start it anew.</summary>
    private void ResetLog()
    {
        var log = _volume.Files.Get(NtfsSystemFile.LogFile).Data!;
        var content = new NtfsFileContent(_volume, _volume.Files.Get(NtfsSystemFile.LogFile), log);
        if (NtfsLog.Inspect(log.DataSize, (offset, buffer) => content.Read(offset, buffer)).State == NtfsLogState.Empty)
        {
            return;
        }

        foreach (var run in log.Runs!.Runs.ToArray())
        {
            var start = run.Vcn << _volume.Boot.ClusterLog;
            var length = Math.Min(run.Length << _volume.Boot.ClusterLog, log.DataSize - start);
            NtfsLog.Reset(length, (offset, bytes) => _volume.Device.Write((run.Lcn << _volume.Boot.ClusterLog) + offset, bytes));
        }
    }

    /// <summary>Starts an operation.</summary>
    private NtfsTransaction Begin()
    {
        if (NotCleanReason is { } reason)
        {
            throw reason;
        }

        _lastContent = null;
        return new NtfsTransaction(_volume, ForgetAll, () => _isChanged = true);
    }

    private void ForgetAll()
    {
        _paths.Forget();
        _descriptors.Forget();
    }

    private NtfsFile Create(string path, bool isDirectory, GuestFileAttributes attributes)
    {
        var (directory, name) = PrepareName(path);
        CheckName(path, name);
        var file = NtfsCreation.Create(_volume, isDirectory, FlagsOf(directory) & NtfsFileFlags.NotContentIndexed);
        _descriptors.Inherit(file, directory);
        Apply(file, attributes);
        NtfsNames.Add(file, directory, name);
        return file;
    }

    private static void Apply(NtfsFile file, GuestFileAttributes attributes)
    {
        var information = file.Information;
        if (attributes.Mode is { } mode && !file.IsDirectory)
        {
            information.Flags = (mode & WriteBits) == 0 ? information.Flags | NtfsFileFlags.ReadOnly : information.Flags & ~NtfsFileFlags.ReadOnly;
        }

        if (attributes.Modified is { } modified)
        {
            information.Modified = NtfsTimestamp.FromTime(modified);
        }
    }

    private static void Touch(NtfsFile file)
    {
        var information = file.Information;
        information.Changed = NtfsTimestamp.FromTime(DateTimeOffset.UtcNow);
    }

    private static void NoteContents(NtfsFile file)
    {
        var information = file.Information;
        information.Modified = information.Changed = NtfsTimestamp.FromTime(DateTimeOffset.UtcNow);
        information.Flags |= NtfsFileFlags.Archive;
    }
}
