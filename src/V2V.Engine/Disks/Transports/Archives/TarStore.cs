namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>
/// The files of a tar archive. Those of an uncompressed one are read in their place. A compressed one is unpacked only as far as files of it
/// are looked for: finding out that there is none of a name takes all of it.
/// </summary>
public sealed class TarStore : FileStore
{
    // An OVA holds some ten files. The bound keeps a crafted archive of empty members from filling memory.
    private const int MaximumEntries = 100_000;

    /// <summary>Descriptors, manifests and certificates are smaller, disks are larger.</summary>
    private const long SmallMember = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Func<DiskFile> _openArchive;
    private readonly string _path;
    private readonly List<TarEntry> _entries = [];
    private readonly Dictionary<string, TarEntry> _byName = new(StringComparer.Ordinal);
    private bool _isComplete;

    private TarStore(string path, bool isPacked, Func<DiskFile> openArchive)
    {
        _path = path;
        IsPacked = isPacked;
        _openArchive = openArchive;
    }

    public override bool IsPacked { get; }

    /// <summary>The regular files, in the archive's order.</summary>
    public IReadOnlyList<TarEntry> Entries => ReadUntil(_ => false);

    /// <summary>
    /// The regular files up to the first large one, which would have to be unpacked to know what comes behind it; all of them if the archive is
    /// not compressed. What describes a package usually comes first (DSP0243, section 6.4).
    /// </summary>
    public IReadOnlyList<TarEntry> FirstEntries => IsPacked ? ReadUntil(e => e.Length > SmallMember) : Entries;

    /// <summary>Reads the index of an archive, which is opened again for each file that is opened in it. Nothing is read yet of a compressed one.</summary>
    /// <exception cref="DiskImageException">It is missing, no tar archive, damaged, or has sparse members.</exception>
    public static TarStore Read(Func<DiskFile> openArchive)
    {
        ArgumentNullException.ThrowIfNull(openArchive);
        using DiskFile archive = openArchive();
        var store = new TarStore(archive.Path, archive.IsPacked, openArchive);
        if (!archive.IsPacked)
        {
            store.ReadUntil(_ => false);
        }

        return store;
    }

    public override string PathOf(string name) => $"{_path}!{name}";

    public override IEnumerable<string> Names(string folder) => Entries.Select(e => e.Name).Where(n => StoreName.Folder(n) == folder);

    public override DiskFile? Open(string name)
    {
        if (Find(name) is not { } entry)
        {
            return null;
        }

        DiskFile archive = _openArchive();
        if (!archive.IsPacked && entry.Offset > archive.Length - entry.Length)
        {
            archive.Dispose();
            throw TarArchive.Damaged(_path, entry.Offset, $"its member '{name}' reaches beyond the archive's end.");
        }

        return new MemberFile(archive, this, name, entry.Offset, entry.Length);
    }

    private TarEntry? Find(string name)
    {
        lock (_lock)
        {
            if (!_isComplete && !_byName.ContainsKey(name))
            {
                ReadUntil(e => e.Name == name);
            }

            return _byName.GetValueOrDefault(name);
        }
    }

    /// <summary>The entries from the start on, to one that fulfils the condition or to the end.</summary>
    private List<TarEntry> ReadUntil(Func<TarEntry, bool> isLast)
    {
        lock (_lock)
        {
            if (!_isComplete && !_entries.Exists(e => isLast(e)))
            {
                using DiskFile archive = _openArchive();
                long start = _entries is [.., var last] ? TarArchive.EndOf(last) : 0;
                bool found = false;
                foreach (TarEntry entry in TarArchive.Enumerate(archive, start))
                {
                    Add(archive, entry);
                    if (isLast(entry))
                    {
                        found = true;
                        break;
                    }
                }

                _isComplete = !found;
            }

            return [.. _entries];
        }
    }

    private void Add(DiskFile archive, TarEntry entry)
    {
        if (_entries.Count == MaximumEntries)
        {
            throw TarArchive.Damaged(archive.Path, entry.Offset, $"it has more than {MaximumEntries} members.");
        }

        // Where a name comes twice, unpacking leaves the later one; of a compressed archive the earlier may have been used already.
        if (archive.IsPacked && _byName.ContainsKey(entry.Name))
        {
            throw TarArchive.Damaged(archive.Path, entry.Offset, $"it has two members of the name '{entry.Name}'.");
        }

        _entries.Add(entry);
        _byName[entry.Name] = entry;
    }
}
