namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The files in use, each once, by the number of their first MFT record.</summary>
internal sealed class NtfsFileTable(NtfsVolume volume)
{
    /// <summary>Kilobytes of records, about, that are kept.</summary>
    private const int Capacity = 8192;

    private const int MaxPasses = 64;

    private readonly Dictionary<ulong, NtfsFile> _files = [];
    private readonly HashSet<NtfsFile> _dirty = [];
    private readonly NtfsFileLoader _loader = new(volume);
    private long _weight;
    private uint _clock;

    public NtfsFile Get(ulong number)
    {
        if (!_files.TryGetValue(number, out var file))
        {
            file = number == NtfsSystemFile.Mft ? volume.Mft.Load(_loader) : _loader.Load(volume.Mft.Read(number));
            Add(file);
        }

        file.LastUse = ++_clock;
        return file;
    }

    /// <summary>The file that a directory or index names.</summary>
    /// <exception cref="GuestFileSystemException">The record is another file's by now.</exception>
    public NtfsFile Get(NtfsReference reference)
    {
        var file = Get(reference.Number);
        return file.Sequence == reference.Sequence
            ? file
            : throw NtfsErrors.Corrupt($"MFT record {reference.Number} is referred to as its file {reference.Sequence}, but holds file {file.Sequence}.");
    }

    /// <summary>Takes a file that was just made.</summary>
    public void Add(NtfsFile file)
    {
        _files.Add(file.Number, file);
        _weight += file.Weight;
    }

    /// <summary>Writes the files that an operation changed to their records, with the copies of what directories show of them.</summary>
    public void StoreChanged()
    {
        // Storing a file may change others: its directories, and the MFT, which therefore comes last.
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var changed = _dirty.OrderBy(f => f.Number == NtfsSystemFile.Mft).ThenBy(f => f.Number).ToArray();
            if (changed.Length == 0)
            {
                return;
            }

            foreach (var file in changed)
            {
                if (file.Number == NtfsSystemFile.Mft && Array.Exists(changed, f => f != file && f.IsDirty))
                {
                    continue;
                }

                var layout = new NtfsFileLayout(volume, file);
                layout.MakeSpace();
                new NtfsNames(volume).Synchronise(file);
                layout.Store();
                file.MarkClean();
                _dirty.Remove(file);
            }
        }

        throw NtfsErrors.Full("The changes to the file system's own files do not come to an end.");
    }

    /// <summary>Drops a file that was deleted.</summary>
    public void Remove(NtfsFile file)
    {
        _files.Remove(file.Number);
        _dirty.Remove(file);
    }

    /// <summary>Takes note of a file that an operation changed.</summary>
    public void NoteDirty(NtfsFile file) => _dirty.Add(file);

    public void Clear()
    {
        _files.Clear();
        _dirty.Clear();
        _weight = 0;
    }

    /// <summary>Forgets the files that were not used for long when there are too many. Called where nobody holds one.</summary>
    public void Trim()
    {
        if (_weight <= Capacity)
        {
            return;
        }

        foreach (var file in _files.Values.Where(f => f.Number != NtfsSystemFile.Mft).OrderBy(f => f.LastUse).Take(_files.Count / 2).ToArray())
        {
            _files.Remove(file.Number);
        }

        _weight = _files.Values.Sum(f => (long)f.Weight);
    }
}
