using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What stands at a path that is to be changed, and whether it may be.</summary>
internal sealed partial class NtfsFileSystem
{
    /// <summary>Deeper than any path that Windows can open.</summary>
    private const int MaxDepth = 32767;

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
        GuestRename.CheckReplaceable(
            to, source.IsDirectory && !IsLink(source), target.IsDirectory && !IsLink(target), () => new NtfsDirectory(target).IsEmpty, NtfsErrors.Invalid);
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
