using V2V.Engine.FileSystems.Ntfs.Index;
using V2V.Engine.FileSystems.Ntfs.Log;
using V2V.Engine.FileSystems.Ntfs.Security;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The operations that change the file system. Each is one transaction: everything is checked and reserved before it counts.</summary>
internal sealed partial class NtfsFileSystem
{
    /// <summary>Deeper than any path that Windows can open.</summary>
    private const int MaxDepth = 32767;

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
                if (!isSameName || found.Name.Name == toName)
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

        _isChanged = true;
        _lastContent = null;
        return new NtfsTransaction(_volume, ForgetAll);
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
        var file = NtfsCreation.Create(_volume, isDirectory);
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

    /// <summary>The unnamed stream, as plain data that can be changed in place.</summary>
    private NtfsAttribute PlainData(NtfsFile file, string path, bool keepContents)
    {
        var data = file.Data ?? file.Add(new NtfsAttribute(NtfsAttributeType.Data, "") { Value = [] });
        if (data.IsEncrypted)
        {
            throw NtfsErrors.Unsupported(
                $"{path} is encrypted (EFS), so that it cannot be changed.", "Decrypt it in the source guest (cipher /d).", path);
        }

        var isWof = false;
        if (FlagsOf(file).HasFlag(NtfsFileFlags.ReparsePoint) && ReparsePointOf(file) is { } point)
        {
            if (point.Tag != NtfsReparseTag.Wof && keepContents)
            {
                OpenContents(file, path); // refuses it by name
            }

            isWof = true;
        }

        if (!isWof && !data.IsCompressed)
        {
            return data;
        }

        var writer = new NtfsFileWriter(_volume, file, data);
        if (keepContents)
        {
            writer.Materialise(OpenContents(file, path));
        }
        else
        {
            writer.MakeEmpty();
        }

        if (isWof)
        {
            RemoveReparsePoint(file);
        }

        return data;
    }

    private void RemoveReparsePoint(NtfsFile file)
    {
        if (ReparsePointOf(file) is not { } point)
        {
            return;
        }

        var removal = new NtfsRemoval(_volume);
        new NtfsViewIndexes(_paths).RemoveReparsePoint(file, point.Tag);
        removal.Remove(file, file.Find(NtfsAttributeType.ReparsePoint)!);
        if (point.Tag == NtfsReparseTag.Wof && file.Find(NtfsAttributeType.Data, Compression.WofReparsePoint.StreamName) is { } stream)
        {
            removal.Remove(file, stream);
        }

        var information = file.Information;
        information.Flags &= ~NtfsFileFlags.ReparsePoint;
    }

    private void ReleaseUnlessNamed(NtfsFile file)
    {
        if (file.Names.Any())
        {
            Touch(file);
            return;
        }

        var indexes = new NtfsViewIndexes(_paths);
        if (ReparsePointOf(file) is { } point)
        {
            indexes.RemoveReparsePoint(file, point.Tag);
        }

        indexes.RemoveObjectId(file);
        new NtfsRemoval(_volume).Remove(file);
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

    private bool IsDirectoryTarget(string path, string target)
    {
        var isOnDrive = target.Length >= 3 && target[0] == '/' && target[2] == ':';
        var at = isOnDrive ? target[3..] : target.StartsWith('/') ? target : GuestPathCache.Split(path).Parent + "/" + target;
        var parts = new List<string>();
        foreach (var part in at.Split('/', '\\'))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "." or ".."))
            {
                parts.Add(part);
            }
        }

        return _paths.Find("/" + string.Join('/', parts)) is { IsDirectory: true };
    }

    /// <summary>The file at a path that is to be changed; not one of the file system's own.</summary>
    private NtfsFile GetOwn(string path, bool allowRoot = false)
    {
        var file = Get(path);
        if (file.Number == NtfsSystemFile.Root)
        {
            return allowRoot ? file : throw NtfsErrors.Invalid(path, "the root directory cannot be renamed or deleted.");
        }

        RefuseSystem(file, path);
        return file;
    }

    private NtfsFile GetOwnFile(string path)
    {
        var file = GetFile(path);
        RefuseSystem(file, path);
        return file;
    }

    private void RefuseSystem(NtfsFile file, string path)
    {
        if ((file.Number < NtfsSystemFile.FirstUser && file.Number != NtfsSystemFile.Root)
            || _volume.Upcase.ToUpper(path).StartsWith("/$EXTEND/", StringComparison.Ordinal))
        {
            throw NtfsErrors.Invalid(path, "is a part of the file system itself.");
        }
    }

    /// <summary>The directory and name for something new.</summary>
    private (NtfsFile Directory, string Name) PrepareName(string path)
    {
        if (path == "/")
        {
            throw NtfsErrors.Exists(path);
        }

        var (directory, name) = LocateParent(path);
        CheckName(path, name);
        return new NtfsDirectory(directory).Find(name) is null ? (directory, name) : throw NtfsErrors.Exists(path);
    }

    private (NtfsFile Directory, string Name) LocateParent(string path)
    {
        var (parent, name) = GuestPathCache.Split(path);
        var directory = GetDirectory(parent);
        if (IsLink(directory))
        {
            throw NtfsErrors.Invalid(parent, "is a link, not a directory.");
        }

        RefuseSystem(directory, path);
        return (directory, name);
    }

    private (NtfsFile Directory, NtfsDirectoryEntry Entry) LocateName(string path)
    {
        var (parent, name) = GuestPathCache.Split(path);
        var directory = GetDirectory(parent);
        return (directory, new NtfsDirectory(directory).Find(name) ?? throw NtfsErrors.NotFound(path));
    }

    private static void CheckName(string path, string name)
    {
        if (NtfsNameRules.FindFault(name) is { } fault)
        {
            throw NtfsErrors.Invalid(path, fault);
        }
    }

    /// <summary>True when two names in one directory are the same, or the long and the short one that belong together.</summary>
    private static bool IsSameName(NtfsFile file, NtfsFileName left, NtfsFileName right) =>
        left.Name == right.Name
        || (left.Namespace is NtfsNamespace.Win32 or NtfsNamespace.Dos && right.Namespace is NtfsNamespace.Win32 or NtfsNamespace.Dos && file.LinkCount > 0);

    private void CheckReplaceable(NtfsFile source, NtfsFile target, string to)
    {
        RefuseSystem(target, to);
        var (isSourceDirectory, isTargetDirectory) = (source.IsDirectory && !IsLink(source), target.IsDirectory && !IsLink(target));
        if (isSourceDirectory != isTargetDirectory)
        {
            throw NtfsErrors.Invalid(to, isSourceDirectory ? "is no directory, so a directory cannot replace it." : "is a directory.");
        }

        if (isTargetDirectory && !new NtfsDirectory(target).IsEmpty)
        {
            throw NtfsErrors.Invalid(to, "the directory is not empty.");
        }
    }

    /// <summary>A directory must not come to lie below itself.</summary>
    private void RefuseLoop(NtfsFile source, NtfsFile directory, string from, string to)
    {
        for (var depth = 0; source.IsDirectory && directory.Number != NtfsSystemFile.Root; depth++)
        {
            if (directory == source)
            {
                throw NtfsErrors.Invalid(from, $"cannot be moved into itself ({to}).");
            }

            if (depth > MaxDepth || directory.Names.Select(a => NtfsFileName.TryParse(a.Value)).FirstOrDefault() is not { } name)
            {
                throw NtfsErrors.Corrupt($"the directories above {to} do not lead to the root.");
            }

            directory = _volume.Files.Get(new NtfsReference(name.Parent));
        }
    }
}
