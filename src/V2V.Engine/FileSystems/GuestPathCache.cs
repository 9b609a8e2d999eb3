namespace V2V.Engine.FileSystems;

/// <summary>Walks paths name by name and remembers which inode each led to.</summary>
/// <param name="root">The root directory's inode.</param>
/// <param name="lookUp">The inode that a name stands for in a directory, or null when there is none or it is no directory.</param>
internal sealed class GuestPathCache(ulong root, Func<ulong, byte[], ulong?> lookUp)
{
    /// <summary>Paths that are remembered before all are forgotten.</summary>
    private const int Capacity = 16384;

    private readonly Dictionary<string, ulong> _known = new(StringComparer.Ordinal);

    /// <summary>The path with single slashes, without "." and without a final slash; "/" for the root.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="format">The file system's kind, for the error.</param>
    /// <exception cref="GuestFileSystemException">It is relative, or goes up with "..".</exception>
    public static string Normalise(string path, string format)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
        {
            throw Invalid("a path in a guest must start with '/'.");
        }

        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.AsSpan().Contains(".."))
        {
            throw Invalid("\"..\" is not resolved within a file system.");
        }

        return "/" + string.Join('/', parts.Where(p => p != "."));

        GuestFileSystemException Invalid(string message) => new(V2VError.GuestPathInvalid, $"{path}: {message}") { Format = format, Path = path };
    }

    /// <summary>The parent's path and the last component of a normal path other than "/".</summary>
    public static (string Parent, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash == 0 ? "/" : path[..slash], path[(slash + 1)..]);
    }

    /// <summary>The inode at a normal path, or null when there is none.</summary>
    public ulong? Find(string path)
    {
        var known = _known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (path.Length == 1)
        {
            return root;
        }

        if (known.TryGetValue(path, out var number))
        {
            return number;
        }

        number = root;
        for (var start = 1; start < path.Length;)
        {
            var slash = path.IndexOf('/', start);
            var end = slash < 0 ? path.Length : slash;
            if (known.TryGetValue(path.AsSpan(0, end), out var next))
            {
                number = next;
            }
            else if (lookUp(number, GuestText.Encode(path[start..end])) is { } found)
            {
                number = found;
                Remember(path[..end], number);
            }
            else
            {
                return null;
            }

            start = end + 1;
        }

        return number;
    }

    public void Remember(string path, ulong inode)
    {
        if (_known.Count >= Capacity)
        {
            _known.Clear();
        }

        _known[path] = inode;
    }

    public void Forget() => _known.Clear();
}
