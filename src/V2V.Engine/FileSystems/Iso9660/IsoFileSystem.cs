using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Iso9660;

/// <summary>
/// ISO 9660 (ECMA-119), read-only. Files have their Rock Ridge names, owners and modes where the volume has them, else Joliet's names, else the
/// plain ones without versions. Plain and Joliet names are looked up without regard to case, as Windows does.
/// </summary>
internal sealed class IsoFileSystem : GuestFileSystem
{
    /// <summary>Files of directories that are kept in memory before all are forgotten.</summary>
    private const int MaxCachedFiles = 200_000;

    private readonly BlockDevice _device;
    private readonly IsoVolumeDescriptor _volume;
    private readonly IsoDirectoryReader _reader;
    private readonly StringComparer _comparer;
    private readonly Dictionary<long, Dictionary<string, IsoFile>> _directories = [];
    private int _cachedFiles;

    private IsoFileSystem(BlockDevice device, IsoVolumeDescriptor primary, IsoVolumeDescriptor chosen, IsoNaming naming, int systemUseSkip)
    {
        _device = device;
        _volume = primary;
        _reader = new IsoDirectoryReader(device, chosen.BlockSize, naming, systemUseSkip);
        _comparer = naming == IsoNaming.RockRidge ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        Naming = naming;
        Root = IsoOpening.ReadRoot(device, _reader, chosen);
    }

    public IsoNaming Naming { get; }

    public override string Kind => IsoErrors.Format;

    public override string? Uuid => _volume.Identity;

    public override string? Label => _volume.Label;

    public override GuestSpace Space => new((long)_volume.BlockCount * _volume.BlockSize, 0, null, null);

    private IsoFile Root { get; }

    /// <param name="device">The image; disposed with the file system.</param>
    /// <exception cref="GuestFileSystemException">It is damaged.</exception>
    public static IsoFileSystem Open(BlockDevice device)
    {
        var (primary, chosen, naming, skip) = IsoOpening.Choose(device);
        return new IsoFileSystem(device, primary, chosen, naming, skip);
    }

    public override GuestFile? Find(string path) => FindFile(path)?.Description;

    public override IEnumerable<GuestDirectoryEntry> Enumerate(string path)
    {
        var directory = Get(path);
        return directory.IsDirectory
            ? [.. Files(directory).Values.Select(f => new GuestDirectoryEntry(f.Name, f.Description.Type, f.Description.Id))]
            : throw IsoErrors.Invalid(path, "is not a directory.");
    }

    public override int Read(string path, long offset, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var file = Get(path);
        if (!file.Description.IsRegular)
        {
            throw IsoErrors.Invalid(path, "is not a regular file.");
        }

        if (file.Refusal is { } refusal)
        {
            throw IsoErrors.Unsupported(path, $"{refusal}, which cannot be read.");
        }

        foreach (var extent in file.Extents)
        {
            if (offset < extent.Length)
            {
                var count = (int)Math.Min(buffer.Length, extent.Length - offset);
                var start = extent.Offset + offset;
                if (start > _device.Length - count)
                {
                    throw IsoErrors.Corrupt($"{path} goes on at byte {start}, but the image ends at byte {_device.Length}.", start, path);
                }

                _device.Read(start, buffer[..count]);
                return count;
            }

            offset -= extent.Length;
        }

        return 0;
    }

    public override string ReadLink(string path) => Get(path).Target ?? throw IsoErrors.Invalid(path, "is not a symbolic link.");

    public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path)
    {
        Get(path);
        return new Dictionary<string, byte[]>();
    }

    public override IEnumerable<ByteRange> FreeExtents() => [];

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _device.Dispose();
        }

        base.Dispose(disposing);
    }

    private IsoFile Get(string path) => FindFile(path) ?? throw IsoErrors.NotFound(path);

    private IsoFile? FindFile(string path)
    {
        var found = Root;
        foreach (var name in GuestPathCache.Normalise(path, IsoErrors.Format).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!found.IsDirectory || Files(found).GetValueOrDefault(name) is not { } next)
            {
                return null;
            }

            found = next;
        }

        return found;
    }

    private Dictionary<string, IsoFile> Files(IsoFile directory)
    {
        if (_directories.TryGetValue(directory.Start, out var files))
        {
            return files;
        }

        files = new Dictionary<string, IsoFile>(_comparer);
        foreach (var file in _reader.List(directory))
        {
            // Of two files of one name the first is seen, as under Linux.
            files.TryAdd(file.Name, file);
        }

        if ((_cachedFiles += files.Count) > MaxCachedFiles)
        {
            _directories.Clear();
            _cachedFiles = files.Count;
        }

        return _directories[directory.Start] = files;
    }
}
