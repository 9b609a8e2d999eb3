namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// Finds files by path, whatever the case of its names, and remembers where each spelling led to: names that differ only by case can be two.
/// </summary>
internal sealed class NtfsPaths(NtfsVolume volume)
{
    /// <summary>Paths that are remembered before all are forgotten.</summary>
    private const int Capacity = 16384;

    private readonly Dictionary<string, NtfsReference> _known = new(StringComparer.Ordinal);

    /// <summary>The file at a normal path, or null.</summary>
    public NtfsFile? Find(string path)
    {
        if (_known.TryGetValue(path, out var reference))
        {
            return volume.Files.Get(reference);
        }

        var file = volume.Files.Get(NtfsSystemFile.Root);
        for (var start = 1; start < path.Length;)
        {
            var slash = path.IndexOf('/', start);
            var end = slash < 0 ? path.Length : slash;
            var prefix = path[..end];
            if (!_known.TryGetValue(prefix, out reference))
            {
                if (!file.IsDirectory || new NtfsDirectory(file).Find(path[start..end]) is not { } entry)
                {
                    return null;
                }

                reference = entry.Reference;
                if (_known.Count >= Capacity)
                {
                    _known.Clear();
                }

                _known[prefix] = reference;
            }

            file = volume.Files.Get(reference);
            start = end + 1;
        }

        return file;
    }

    public void Forget() => _known.Clear();
}
