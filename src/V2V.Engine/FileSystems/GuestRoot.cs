namespace V2V.Engine.FileSystems;

/// <summary>One file system at its place in the guest's tree.</summary>
/// <param name="MountPoint">Absolute path in the guest, "/" or without a trailing slash.</param>
/// <param name="FileSystem">What is mounted there.</param>
/// <param name="Volume">The volume that it lies on.</param>
public sealed record GuestMount(string MountPoint, GuestFileSystem FileSystem, Volumes.Volume Volume);

/// <summary>
/// The guest's directory tree, joined from its mounts. Symbolic links are resolved as the guest's kernel would, and can never lead out of
/// the guest: ".." stops at the guest's root and absolute targets start there. Methods taking a path follow links; the ones ending in
/// NoFollow do not follow the last component.
/// </summary>
public sealed class GuestRoot
{
    /// <summary>The kernel's own limit (MAXSYMLINKS).</summary>
    private const int MaxSymbolicLinks = 40;

    private readonly GuestMount[] _mounts;

    public GuestRoot(IEnumerable<GuestMount> mounts)
    {
        // Longest first, so that the first prefix match is the right one.
        _mounts = [.. mounts
            .Select(m => m.MountPoint.Length > 1 && m.MountPoint.EndsWith('/') ? m with { MountPoint = m.MountPoint.TrimEnd('/') } : m)
            .OrderByDescending(m => m.MountPoint.Length)];
        if (!_mounts.Any(m => m.MountPoint == "/"))
        {
            throw new ArgumentException("A guest's tree needs a root file system.", nameof(mounts));
        }
    }

    public IReadOnlyList<GuestMount> Mounts => _mounts;

    /// <summary>The mount, and the path in its file system, that <paramref name="path"/> leads to. The last component need not exist.</summary>
    /// <exception cref="GuestFileSystemException">A component on the way is missing or no directory, or links form a loop.</exception>
    public GuestLocation Resolve(string path, bool followLast = true)
    {
        var pending = new Stack<string>();
        Push(pending, path);
        var done = new List<string>();
        var links = 0;
        while (pending.Count > 0)
        {
            var name = pending.Pop();
            if (name is "." or "")
            {
                continue;
            }

            if (name == "..")
            {
                if (done.Count > 0)
                {
                    done.RemoveAt(done.Count - 1);
                }

                continue;
            }

            done.Add(name);
            if (pending.Count == 0 && !followLast)
            {
                break;
            }

            var here = Locate(done);
            var file = here.FileSystem.Find(here.Path);
            if (file is null)
            {
                if (pending.Count == 0)
                {
                    break;
                }

                throw NotFound(path, "/" + string.Join('/', done));
            }

            if (file.IsSymbolicLink)
            {
                if (++links > MaxSymbolicLinks)
                {
                    throw new GuestFileSystemException(V2VError.GuestPathInvalid, $"{path}: more than {MaxSymbolicLinks} symbolic links.") { Path = path };
                }

                var target = here.FileSystem.ReadLink(here.Path);
                if (target.Length == 0)
                {
                    throw NotFound(path, here.GuestPath); // ENOENT, as the kernel says of such a link
                }

                done.RemoveAt(done.Count - 1);
                if (target.StartsWith('/'))
                {
                    done.Clear();
                }

                Push(pending, target);
            }
            else if (pending.Count > 0 && !file.IsDirectory)
            {
                throw NotFound(path, "/" + string.Join('/', done));
            }
        }

        return Locate(done);
    }

    /// <summary>What stands at a path after following links, or null (also for dangling links and missing parents).</summary>
    public GuestFile? Find(string path) => Find(path, followLast: true);

    public GuestFile? FindNoFollow(string path) => Find(path, followLast: false);

    public bool FileExists(string path) => Find(path) is { IsRegular: true };

    public bool DirectoryExists(string path) => Find(path) is { IsDirectory: true };

    /// <summary>Entries of a directory; none when it does not exist.</summary>
    public IReadOnlyList<GuestDirectoryEntry> Enumerate(string path)
    {
        if (!DirectoryExists(path))
        {
            return [];
        }

        var at = Resolve(path);
        return [.. at.FileSystem.Enumerate(at.Path).OrderBy(e => e.Name, StringComparer.Ordinal)];
    }

    public byte[] ReadAllBytes(string path, long limit = GuestFileSystemExtensions.MaxWholeFile)
    {
        var at = Resolve(path);
        return at.FileSystem.ReadAllBytes(at.Path, limit);
    }

    public string ReadAllText(string path)
    {
        var at = Resolve(path);
        return at.FileSystem.ReadAllText(at.Path);
    }

    /// <summary>The text of a file, or null when there is none.</summary>
    public string? TryReadAllText(string path) => FileExists(path) ? ReadAllText(path) : null;

    public string? TryReadLink(string path)
    {
        if (FindNoFollow(path) is not { IsSymbolicLink: true })
        {
            return null;
        }

        var at = Resolve(path, followLast: false);
        return at.FileSystem.ReadLink(at.Path);
    }

    /// <summary>The path with every link resolved, as the guest would see it.</summary>
    public string RealPath(string path)
    {
        var at = Resolve(path);
        return at.GuestPath;
    }

    private GuestFile? Find(string path, bool followLast)
    {
        try
        {
            var at = Resolve(path, followLast);
            return at.FileSystem.Find(at.Path);
        }
        catch (GuestFileSystemException e) when (e.Error is V2VError.GuestPathNotFound or V2VError.GuestPathInvalid)
        {
            return null;
        }
    }

    private GuestLocation Locate(List<string> components)
    {
        var full = "/" + string.Join('/', components);
        foreach (var mount in _mounts)
        {
            if (mount.MountPoint == "/")
            {
                return new GuestLocation(mount, full, full);
            }

            if (full.StartsWith(mount.MountPoint, StringComparison.Ordinal)
                && (full.Length == mount.MountPoint.Length || full[mount.MountPoint.Length] == '/'))
            {
                var rest = full[mount.MountPoint.Length..];
                return new GuestLocation(mount, rest.Length == 0 ? "/" : rest, full);
            }
        }

        throw new InvalidOperationException("Unreachable: the constructor demands a root mount.");
    }

    private static void Push(Stack<string> pending, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            pending.Push(parts[i]);
        }
    }

    private static GuestFileSystemException NotFound(string path, string component) =>
        new(V2VError.GuestPathNotFound, $"{path} does not exist in the guest: {component} is missing or not a directory.") { Path = path };
}

/// <summary>A resolved place in the guest's tree.</summary>
/// <param name="Mount">The mount that holds it.</param>
/// <param name="Path">Path within the mount's file system.</param>
/// <param name="GuestPath">Path in the guest's tree, free of links on the way.</param>
public readonly record struct GuestLocation(GuestMount Mount, string Path, string GuestPath)
{
    public GuestFileSystem FileSystem => Mount.FileSystem;

    /// <summary>The file system, if it can be written.</summary>
    /// <exception cref="GuestFileSystemException">The file system can only be read.</exception>
    public WritableGuestFileSystem Writable => Mount.FileSystem as WritableGuestFileSystem
        ?? throw new GuestFileSystemException(
            V2VError.FileSystemUnsupported, $"{GuestPath} lies on {Mount.FileSystem.Kind}, which V2V can read but not write.")
        { Path = GuestPath, Format = Mount.FileSystem.Kind };
}
