using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Iso9660;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>An ISO image with a driver tree, such as virtio-win.iso.</summary>
internal sealed class IsoDriverSource : DriverSource
{
    /// <summary>virtio-win.iso has some 2,500.</summary>
    private const int MaxFiles = 200_000;

    private readonly IsoFileSystem _iso;
    private readonly List<DriverSourceFile> _files = [];

    /// <param name="path">The image's path.</param>
    /// <param name="device">The image; disposed with the source.</param>
    public IsoDriverSource(string path, BlockDevice device)
    {
        Path = path;
        _iso = IsoFileSystem.Open(device);
        Collect();
        _files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
    }

    public override string Path { get; }

    public override string Description => $"the ISO image {Path}";

    public override string? Label => _iso.Label;

    public override IReadOnlyList<DriverSourceFile> Files => _files;

    public override int Read(DriverSourceFile file, long offset, Span<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return _iso.Read("/" + file.Path, offset, buffer);
        }
        catch (Exception e) when (e is DiskImageException or GuestFileSystemException)
        {
            throw Unreadable(Path, (V2VException)e);
        }
    }

    private void Collect()
    {
        var pending = new Stack<string>([""]);
        var seen = new HashSet<ulong>();
        while (pending.TryPop(out var directory))
        {
            foreach (var entry in _iso.Enumerate($"/{directory}"))
            {
                var path = $"{directory}{entry.Name}";
                if (entry.Type == GuestFileType.Directory)
                {
                    // Damaged directories can contain each other.
                    if (seen.Add(entry.Id))
                    {
                        pending.Push($"{path}/");
                    }
                }
                else if (entry.Type == GuestFileType.Regular)
                {
                    _files.Add(_files.Count < MaxFiles
                        ? new DriverSourceFile(path, _iso.Find($"/{path}")!.Length)
                        : throw new DriverSourceException(
                            V2VError.DriverSourceInvalid, $"The ISO image {Path} has more than {MaxFiles} files; one with drivers has some thousands.")
                        { Path = Path, Format = IsoErrors.Format, Advice = "Give the virtio-win ISO image." });
                }
            }
        }
    }

    internal static DriverSourceException Unreadable(string path, V2VException cause) =>
        new(V2VError.DriverSourceInvalid, $"The ISO image {path} cannot be read: {cause.Message}", cause)
        {
            Path = path,
            Format = cause.Format,
            Offset = cause.Offset,
            Advice = "It is probably cut short or damaged: compare its size and checksum with the original's, or download it again.",
        };

    protected override void Dispose(bool disposing)
    {
        _iso.Dispose();
        base.Dispose(disposing);
    }
}
