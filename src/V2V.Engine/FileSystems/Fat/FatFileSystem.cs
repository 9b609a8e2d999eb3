using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// FAT12, FAT16 and FAT32 with long names, as Linux' vfat driver shows them: owned by root, mode 0755, or 0555 for a file that is marked
/// read-only. Directories and tables are changed in memory; <see cref="Flush"/> writes them.
/// </summary>
internal sealed partial class FatFileSystem : WritableGuestFileSystem
{
    private const int DefaultMode = 0x1ED; // 0755

    private const int WriteBits = 0x92; // 0222

    private readonly FatVolume _volume;

    /// <summary>What <see cref="FatConsistency"/> found; changes made here add nothing to it.</summary>
    private readonly Lazy<GuestFileSystemException?> _fault;

    private FatFileSystem(FatVolume volume)
    {
        _volume = volume;
        _fault = new Lazy<GuestFileSystemException?>(() => FatConsistency.FindFault(volume));
        Label = volume.List(0).Label ?? volume.Boot.Label;
    }

    public override string Kind => FatErrors.Format;

    public override string? Uuid => _volume.Boot.Uuid;

    public override string? Label { get; }

    public override GuestSpace Space => new(
        _volume.Boot.ClusterCount * (long)_volume.Boot.ClusterSize, _volume.Table.FreeClusters * _volume.Boot.ClusterSize, null, null);

    /// <exception cref="GuestFileSystemException">It is damaged, or of a kind that is not understood.</exception>
    public static FatFileSystem Open(WritableBlockDevice device) => new(FatVolume.Open(device));

    public override GuestFile? Find(string path) => FatPaths.Find(_volume, FatPaths.Split(path)) is { } file ? Describe(file) : null;

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path) =>
        [.. FatPaths.List(_volume, GetDirectory(path, FatPaths.Split(path))).Files.Select(f => new GuestDirectoryEntry(f.Name, f.Type, f.Id))];

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new FatFileData(_volume, GetFile(path)).Read(offset, buffer);
    }

    public override string ReadLink(string path)
    {
        Get(path);
        throw FatErrors.Invalid(path, "is not a symbolic link.");
    }

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path)
    {
        Get(path);
        return new Dictionary<string, byte[]>();
    }

    public override IEnumerable<ByteRange> FreeExtents() => _fault.Value is null
        ? _volume.Table.FreeRuns().Select(r => new ByteRange(_volume.Boot.OffsetOf(r.Start), r.Count * (long)_volume.Boot.ClusterSize))
        : [];

    private GuestFile Describe(FatFile file)
    {
        var isReadOnly = !file.IsDirectory && file.Entry.Attributes.HasFlag(FatAttributes.ReadOnly);

        // A directory is named by its parent, by its own "." and by the ".." of each directory in it.
        var names = file.IsDirectory ? 2 + FatPaths.List(_volume, file).Files.Count(f => f.IsDirectory) : 1;
        return new GuestFile(
            file.Type, file.Entry.Length, isReadOnly ? DefaultMode & ~WriteBits : DefaultMode, 0, 0,
            file.Modified, file.Id, (uint)names);
    }

    private FatFile Get(string path) => FatPaths.Find(_volume, FatPaths.Split(path)) ?? throw FatErrors.NotFound(path);

    private FatFile GetFile(string path) => Get(path) is { IsDirectory: false } file ? file : throw FatErrors.Invalid(path, "is not a regular file.");

    private FatFile GetDirectory(string path, ReadOnlySpan<string> components)
    {
        var directory = FatPaths.Find(_volume, components) ?? throw FatErrors.NotFound(path);
        return directory.IsDirectory ? directory : throw FatErrors.Invalid(path, "is not a directory.");
    }
}
