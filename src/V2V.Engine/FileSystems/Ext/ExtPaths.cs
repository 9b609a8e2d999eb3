namespace V2V.Engine.FileSystems.Ext;

/// <summary>Finds inodes by path, and remembers what was found.</summary>
internal sealed class ExtPaths(ExtVolume volume)
{
    /// <summary>Paths that are remembered before all are forgotten.</summary>
    private const int Capacity = 16384;

    private readonly Dictionary<string, uint> _known = new(StringComparer.Ordinal);

    /// <summary>The path with single slashes, without "." and without a final slash; "/" for the root.</summary>
    /// <exception cref="GuestFileSystemException">It is relative, or goes up with "..".</exception>
    public static string Normalise(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
        {
            throw ExtErrors.Invalid(path, "a path in a guest must start with '/'.");
        }

        var isNormal = path.Length == 1;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.AsSpan().Contains(".."))
        {
            throw ExtErrors.Invalid(path, "\"..\" is not resolved within a file system.");
        }

        return isNormal ? path : "/" + string.Join('/', parts.Where(p => p != "."));
    }

    /// <summary>The parent's path and the last component of a normal path other than "/".</summary>
    public static (string Parent, string Name) Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash == 0 ? "/" : path[..slash], path[(slash + 1)..]);
    }

    /// <summary>The inode at a normal path, or null when there is none.</summary>
    public ExtInode? Find(string path)
    {
        var number = ExtInodeTable.RootInode;
        var known = _known.GetAlternateLookup<ReadOnlySpan<char>>();
        if (path.Length > 1 && !known.TryGetValue(path, out number))
        {
            number = ExtInodeTable.RootInode;
            for (var start = 1; start < path.Length;)
            {
                var slash = path.IndexOf('/', start);
                var end = slash < 0 ? path.Length : slash;
                if (known.TryGetValue(path.AsSpan(0, end), out var next))
                {
                    number = next;
                }
                else
                {
                    var directory = volume.Inodes.GetLinked(number);
                    var name = GuestText.Encode(path[start..end]);
                    if (!directory.IsDirectory || name.Length > ExtDirectoryEntry.MaxNameLength
                        || new ExtDirectory(volume, directory).Find(name) is not { } found)
                    {
                        return null;
                    }

                    number = found;
                    Remember(path[..end], number);
                }

                start = end + 1;
            }
        }

        return volume.Inodes.GetLinked(number);
    }

    public void Remember(string path, uint inode)
    {
        if (_known.Count >= Capacity)
        {
            _known.Clear();
        }

        _known[path] = inode;
    }

    public void Forget() => _known.Clear();
}
