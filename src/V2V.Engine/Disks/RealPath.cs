namespace V2V.Engine.Disks;

/// <summary>A path with every symbolic link in it followed, as realpath(3) gives it.</summary>
internal static class RealPath
{
    // Linux's own limit on links in one path.
    private const int MaximumLinks = 40;

    /// <summary>Parts that do not exist are kept as they are.</summary>
    public static string Resolve(string path)
    {
        int links = 0;
        string root = Path.GetPathRoot(path)!;
        var parts = new Stack<string>(Split(path[root.Length..]));
        string real = root;
        while (parts.TryPop(out string? part))
        {
            string next = Path.GetFullPath(Path.Combine(real, part));
            string? target = LinkTarget(next);
            if (target is null)
            {
                real = next;
                continue;
            }

            if (++links > MaximumLinks)
            {
                throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{path}' goes through too many symbolic links.") { Path = path };
            }

            target = Path.GetFullPath(Path.Combine(real, target));
            real = Path.GetPathRoot(target)!;
            foreach (string linked in Split(target[real.Length..]))
            {
                parts.Push(linked);
            }
        }

        return real;
    }

    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{path}' cannot be looked at: {e.Message}", e) { Path = path };
        }
    }

    /// <summary>The names of a path, last first: the order in which a stack gives them back.</summary>
    private static IEnumerable<string> Split(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse();
}
