using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>Makes the disks of a guest from what its descriptor names.</summary>
internal static class SourceDisks
{
    /// <summary>A disk whose image is looked at now and opened again whenever it is needed.</summary>
    /// <param name="openFile">Opens the image's file.</param>
    /// <param name="controller">What it is attached to.</param>
    /// <param name="model">The controller's model.</param>
    /// <param name="concerns">Takes what the image's reader has to say.</param>
    /// <param name="options">Where the files that the image itself names may lie.</param>
    /// <param name="format">The image's format as the descriptor tells it; null lets the content decide.</param>
    public static SourceDisk FromFile(
        Func<DiskFile> openFile, DiskController controller, string? model, List<Concern> concerns, SourceOptions? options = null, string? format = null)
    {
        var file = openFile();
        var path = file.Path;
        var open = new DiskOpenOptions { Format = format, AllowOutsideFolder = options?.AllowDiskFolders ?? [] };
        if (file.IsPacked && format is null && InspectStart(file) is { } start)
        {
            open = open with { Format = start.Format };
            return new SourceDisk
            {
                Path = path,
                Format = start.Format,
                Capacity = start.Capacity,
                Controller = controller,
                ControllerModel = model,
                Open = () => DiskImages.Open(openFile(), open),
            };
        }

        var info = DiskImages.Inspect(file, open);
        concerns.AddRange(info.Concerns);
        // What was found now is what will be opened later: the content is not asked twice.
        open = open with { Format = info.Format };
        return new SourceDisk
        {
            Path = path,
            Format = info.Format,
            Capacity = info.Capacity,
            Allocated = info.Allocated,
            Controller = controller,
            ControllerModel = model,
            Open = () => DiskImages.Open(openFile(), open),
        };
    }

    /// <summary>What can be known of an image without unpacking all of it. Closes the file, unless nothing is known.</summary>
    private static (string Format, long Capacity)? InspectStart(DiskFile file)
    {
        (string, long)? found;
        try
        {
            found = ImageStart.Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        if (found is not null)
        {
            file.Dispose();
        }

        return found;
    }

    /// <summary>A disk without contents.</summary>
    public static SourceDisk Empty(string name, long capacity, DiskController controller, string? model) => new()
    {
        Path = name,
        Format = "empty",
        Capacity = EmptyDisk.RoundUp(capacity),
        Allocated = 0,
        Controller = controller,
        ControllerModel = model,
        Open = () => new EmptyDisk(EmptyDisk.RoundUp(capacity)),
    };

    /// <summary>What a descriptor describes but has no image of: zeros throughout.</summary>
    private sealed class EmptyDisk(long length) : BlockDevice
    {
        private const int SectorSize = 512;

        public override long Length => length;

        public static long RoundUp(long capacity) => capacity > long.MaxValue - SectorSize ? capacity & -SectorSize : (capacity + SectorSize - 1) & -SectorSize;

        public override void Read(long offset, Span<byte> buffer)
        {
            CheckRange(offset, buffer.Length);
            buffer.Clear();
        }

        public override IEnumerable<DiskExtent> Extents(long offset, long length)
        {
            CheckRange(offset, length);
            return length > 0 ? [new DiskExtent(offset, length, IsZero: true)] : [];
        }
    }
}
