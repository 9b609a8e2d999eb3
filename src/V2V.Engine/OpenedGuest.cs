using System.Globalization;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Overlay;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using V2V.Engine.Volumes;

namespace V2V.Engine;

/// <summary>A source guest with its disks opened under overlays: what was found on them, and what they no longer need to hold.</summary>
internal sealed class OpenedGuest : IDisposable
{
    private readonly List<OverlayDisk> _disks = [];
    private InspectedGuest? _guest;
    private GuestLayout? _layout;

    private OpenedGuest(SourceGuest source) =>
        Source = source with { Disks = [.. source.Disks.Select((disk, i) => disk with { Open = () => new SharedDisk(_disks[i]) })] };

    /// <summary>The guest with the disks that are open in place of its own, which may be far away, or let themselves be opened but once.</summary>
    public SourceGuest Source { get; }

    /// <summary>The guest's disks in the source's order; reading gives the converted contents.</summary>
    public IReadOnlyList<OverlayDisk> Disks => _disks;

    public IReadOnlyList<Volume> Volumes { get; private set; } = [];

    public InspectedGuest Guest => _guest ?? throw new InvalidOperationException("The guest has not been inspected yet.");

    /// <summary>What is known also of a guest that could not be inspected.</summary>
    public GuestLayout Layout => _layout ?? throw new InvalidOperationException("The guest has not been inspected yet.");

    /// <summary>What was found inside, or null when the inspection did not get that far.</summary>
    public OperatingSystemInfo? OperatingSystem => _layout?.OperatingSystem;

    public static OpenedGuest Open(SourceGuest source, ConversionOptions options, CancellationToken cancellation)
    {
        var opened = new OpenedGuest(source);
        try
        {
            foreach (var disk in source.Disks)
            {
                cancellation.ThrowIfCancellationRequested();
                opened._disks.Add(new OverlayDisk(new StoppableDisk(disk.Open(), cancellation), temporaryDirectory: options.TemporaryDirectory));
            }

            opened.Volumes = GuestVolumes.Discover(opened._disks);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Inspect(string? root, CancellationToken cancellation)
    {
        _guest = GuestInspector.Inspect(Source, Volumes, root, cancellation);
        _layout = _guest.Layout;
    }

    /// <summary>Finds out what a conversion without edits needs; takes a guest whose root cannot be opened.</summary>
    public void Survey(string? root, CancellationToken cancellation) =>
        _layout = GuestInspector.Survey(Source, Volumes, root, cancellation);

    /// <summary>Brings the overlays up to date with what the conversion changed.</summary>
    public void Flush()
    {
        foreach (var fileSystem in Layout.Volumes.Select(v => v.FileSystem).OfType<WritableGuestFileSystem>())
        {
            fileSystem.Flush();
        }
    }

    /// <summary>The ranges of a disk that nothing in the guest refers to: free space of its file systems, contents of its swap areas and
    /// other scratch files, extents of LVM that belong to no volume.</summary>
    public IReadOnlyList<ByteRange> UnusedRanges(int diskIndex)
    {
        var unused = Layout.Volumes
            .Where(v => v.Volume.DiskIndex == diskIndex || v.Volume.Kind == VolumeKind.LogicalVolume)
            .SelectMany(v => UnusedRanges(v).SelectMany(r => v.Volume.DiskRanges(r.Offset, r.Length)).Concat(v.Volume.Unallocated))
            .Concat((_guest is null ? [] : ScratchFiles.Find(_guest)).SelectMany(s => s.Volume.DiskRanges(s.Range.Offset, s.Range.Length)))
            .Where(r => r.DiskIndex == diskIndex)
            .Select(r => new ByteRange(r.Offset, r.Length))
            .ToList();
        unused.Sort((a, b) => a.Offset.CompareTo(b.Offset));

        // Where volumes overlap, as by a damaged partition table, what one calls free may be in use by the other.
        return unused.Zip(unused.Skip(1)).Any(pair => pair.First.End > pair.Second.Offset) ? [] : unused;
    }

    /// <summary>What is to be copied of each disk.</summary>
    public IReadOnlyList<CopyPlan> PlanCopies(int granularity, bool ignoresReadErrors, CancellationToken cancellation) =>
        [.. _disks.Select((disk, i) => CopyPlan.Create(
            new CopySource(disk, Source.Disks[i], i + 1, offset => Locate(i, offset), ignoresReadErrors), UnusedRanges(i), granularity, cancellation))];

    /// <summary>Where in the guest a byte of a disk is, for messages: "byte 4096 of disk 1, partition 2"; null where no volume is.</summary>
    private string? Locate(int diskIndex, long offset)
    {
        // A logical volume lies in a partition, and says more.
        foreach (var volume in Volumes.OrderByDescending(v => v.Kind == VolumeKind.LogicalVolume))
        {
            long before = 0;
            foreach (var range in volume.DiskRanges(0, volume.Device.Length))
            {
                if (range.DiskIndex == diskIndex && offset >= range.Offset && offset < range.Offset + range.Length)
                {
                    return string.Create(CultureInfo.InvariantCulture, $"byte {before + offset - range.Offset} of {volume.DisplayName}");
                }

                before += range.Length;
            }
        }

        return null;
    }

    /// <summary>The ranges of a volume that hold nothing of use.</summary>
    private static IEnumerable<ByteRange> UnusedRanges(GuestVolume found) =>
        found.FileSystem is not null ? found.FileSystem.FreeExtents()
        : found.ContentKind == "swap" && found.Volume.Device.Length > ScratchFiles.HeaderLength
            ? [new ByteRange(ScratchFiles.HeaderLength, found.Volume.Device.Length - ScratchFiles.HeaderLength)]
            : [];

    public void Dispose()
    {
        foreach (var volume in _layout?.Volumes ?? [])
        {
            volume.FileSystem?.Dispose();
        }

        foreach (var disk in _disks)
        {
            disk.Dispose();
        }
    }

    /// <summary>A disk that stays open when its user is done with it.</summary>
    private sealed class SharedDisk(BlockDevice disk) : BlockDevice
    {
        public override long Length => disk.Length;

        public override void Read(long offset, Span<byte> buffer) => disk.Read(offset, buffer);

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => disk.Extents(offset, length);

        internal override StoredRun? Locate(long offset, long length) => disk.Locate(offset, length);
    }
}
