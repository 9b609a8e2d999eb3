namespace V2V.Engine.Disks.Transports;

/// <summary>The files of an uncompressed tar archive, read in their place: nothing is unpacked.</summary>
public sealed class TarStore : FileStore
{
    // An OVA holds some ten files. The bound keeps a crafted archive of empty members from filling memory.
    private const int MaximumEntries = 100_000;

    private readonly Func<DiskFile> _openArchive;
    private readonly string _path;
    private readonly Dictionary<string, TarEntry> _byName = new(StringComparer.Ordinal);

    private TarStore(string path, Func<DiskFile> openArchive, IReadOnlyList<TarEntry> entries)
    {
        _path = path;
        _openArchive = openArchive;
        Entries = entries;
        foreach (TarEntry entry in entries)
        {
            // Where a name comes twice, unpacking leaves the later one.
            _byName[entry.Name] = entry;
        }
    }

    /// <summary>The regular files, in the archive's order.</summary>
    public IReadOnlyList<TarEntry> Entries { get; }

    /// <summary>Reads the index of an archive, which is opened again for each file that is opened in it.</summary>
    /// <exception cref="DiskImageException">It is missing, no tar archive, damaged, or has sparse members.</exception>
    public static TarStore Read(Func<DiskFile> openArchive)
    {
        ArgumentNullException.ThrowIfNull(openArchive);
        using DiskFile archive = openArchive();
        var entries = new List<TarEntry>();
        foreach (TarEntry entry in TarArchive.Enumerate(archive))
        {
            entries.Add(entries.Count < MaximumEntries
                ? entry
                : throw TarArchive.Damaged(archive.Path, entry.Offset, $"it has more than {MaximumEntries} members."));
        }

        return new TarStore(archive.Path, openArchive, entries);
    }

    public override string PathOf(string name) => $"{_path}!{name}";

    public override IEnumerable<string> Names(string folder) => Entries.Select(e => e.Name).Where(n => StoreName.Folder(n) == folder);

    public override DiskFile? Open(string name)
    {
        if (!_byName.TryGetValue(name, out TarEntry? entry))
        {
            return null;
        }

        DiskFile archive = _openArchive();
        if (entry.Offset > archive.Length - entry.Length)
        {
            archive.Dispose();
            throw TarArchive.Damaged(_path, entry.Offset, $"its member '{name}' reaches beyond the archive's end.");
        }

        return new TarMember(archive, entry, this);
    }
}
