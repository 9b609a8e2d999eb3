using V2V.Engine.FileSystems.Ntfs.Index;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The names in a directory, from its index $I30.</summary>
internal sealed class NtfsDirectory(NtfsFile file)
{
    private readonly NtfsIndex _index = new(new NtfsFileIndexStore(file, NtfsFile.IndexName), NtfsCollation.FileName(file.Volume.Upcase));

    public NtfsFile File { get; } = file;

    public NtfsIndex Index => _index;

    public bool IsEmpty => !_index.Entries().Any();

    /// <summary>The entry of a name in its own or other case, which may be a short one; null when there is none.</summary>
    public NtfsDirectoryEntry? Find(string name) =>
        name.Length is > 0 and <= NtfsFileName.MaxLength && _index.Find(NtfsFileName.SearchKey(name), orEquivalent: true) is { } entry
            ? Read(entry)
            : null;

    /// <summary>Every entry, short names that are not the only one among them.</summary>
    public IEnumerable<NtfsDirectoryEntry> Enumerate() => _index.Entries().Select(Read);

    private NtfsDirectoryEntry Read(NtfsIndexEntry entry) => NtfsFileName.TryParse(entry.Key) is { } name
        ? new NtfsDirectoryEntry(new NtfsReference(entry.FileReference), name)
        : throw NtfsErrors.Corrupt($"the directory in MFT record {File.Number} has an entry that is no file name.");
}

/// <summary>An entry of a directory.</summary>
/// <param name="Reference">The file.</param>
/// <param name="Name">Its name there.</param>
internal sealed record NtfsDirectoryEntry(NtfsReference Reference, NtfsFileName Name);
