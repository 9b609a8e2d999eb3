using V2V.Engine.Targets.Images.Qcow2;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images;

/// <summary>Creates image files for writing.</summary>
public static class ImageWriters
{
    /// <summary>
    /// Creates the file at <paramref name="path"/> and opens it for writing. A file that is there already is emptied, unless
    /// <paramref name="createNew"/> forbids it.
    /// </summary>
    /// <param name="path">Path of the image file.</param>
    /// <param name="format">Format of the image.</param>
    /// <param name="capacity">Size that the guest sees, in bytes; more than zero.</param>
    /// <param name="compression">Compression of the contents; only qcow2 has one.</param>
    /// <param name="createNew">The file must not exist.</param>
    /// <param name="allocation">How much of the image's space is taken at once.</param>
    /// <exception cref="TargetException">
    /// The file exists, cannot be created, there is no room for what is taken at once, or the format cannot hold a disk of this capacity or has
    /// no such compression or allocation.
    /// </exception>
    public static ImageWriter Create(
        string path,
        ImageFormat format,
        long capacity,
        ImageCompression compression,
        bool createNew,
        ImageAllocation allocation = ImageAllocation.Sparse) =>
        Create(path, format, capacity, compression, allocation, () => HostImageFile.Create(path, format, createNew));

    /// <summary>
    /// Creates an image that takes its place at <paramref name="path"/> only by <see cref="ImageWriter.TakeName"/>, and leaves nothing if this
    /// process is killed before. Where the host has no files without a name, it is created there at once.
    /// </summary>
    /// <inheritdoc cref="Create(string, ImageFormat, long, ImageCompression, bool, ImageAllocation)"/>
    public static ImageWriter CreateUnnamed(
        string path, ImageFormat format, long capacity, ImageCompression compression, ImageAllocation allocation = ImageAllocation.Sparse) =>
        Create(path, format, capacity, compression, allocation, () => HostImageFile.CreateUnnamed(path, format));

    /// <summary>Writes an image into a file that is open already and is disposed with the writer, or at once when this fails.</summary>
    internal static ImageWriter Create(ImageFile file, TargetDiskRequest request) =>
        Create(file.Path, request.Format, request.Capacity, request.Compression, request.Allocation, () => file);

    /// <summary>Goes on with an image that a run was writing when it was killed.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="request">The image, as it was asked for then.</param>
    /// <param name="taken">What is kept of it; all else is as in a new one.</param>
    /// <exception cref="TargetException">The file is not there any more, is another one, or cannot be written.</exception>
    internal static ImageWriter Resume(string path, TargetDiskRequest request, TakenCopy taken) => Create(
        path, request.Format, request.Capacity, request.Compression, request.Allocation, () => HostImageFile.Reopen(path, request.Format, taken.File), taken);

    /// <summary>What stands against an image of these properties, as one sentence; null when nothing does.</summary>
    public static string? FindConflict(ImageFormat format, ImageCompression compression, ImageAllocation allocation) =>
        format == ImageFormat.Raw && compression != ImageCompression.None ? $"Raw images cannot be compressed ({compression} was asked for)."
        : format == ImageFormat.Raw && allocation == ImageAllocation.Metadata ? "Raw images have no metadata to allocate; only qcow2 has."
        : compression != ImageCompression.None && allocation != ImageAllocation.Sparse
            ? $"Compressed images are always sparse: the compression {compression} and the allocation {allocation} exclude each other."
        : null;

    private static ImageWriter Create(
        string path, ImageFormat format, long capacity, ImageCompression compression, ImageAllocation allocation, Func<ImageFile> create, TakenCopy? taken = null)
    {
        if (capacity <= 0)
        {
            throw new TargetException(V2VError.TargetUnsupported, $"{path}: a disk of {capacity} bytes cannot be written; it needs at least one.")
            {
                Path = path,
                Advice = "Remove the empty disk from the source guest.",
            };
        }

        if (FindConflict(format, compression, allocation) is { } conflict)
        {
            throw new TargetException(V2VError.TargetUnsupported, $"{path}: {conflict}")
            {
                Path = path,
                Format = format == ImageFormat.Raw ? "raw" : "qcow2",
                Advice = "Choose qcow2, no compression, or a sparse image.",
            };
        }

        if (format == ImageFormat.Qcow2)
        {
            Qcow2Format.CheckCapacity(path, capacity);
        }

        var file = create();
        try
        {
            return format switch
            {
                ImageFormat.Raw => new RawImageWriter(file, capacity, allocation, taken),
                ImageFormat.Qcow2 when allocation == ImageAllocation.Sparse => new Qcow2ImageWriter(file, capacity, compression, taken),
                ImageFormat.Qcow2 => new Qcow2PreallocatedImageWriter(file, capacity, allocation, taken),
                _ => throw new ArgumentOutOfRangeException(nameof(format)),
            };
        }
        catch
        {
            file.Discard();
            throw;
        }
    }

    /// <summary>The <see cref="ImageWriter.Granularity"/> of a format's writer, for plans that are made before there is a file.</summary>
    public static int Granularity(ImageFormat format) => format == ImageFormat.Qcow2 ? Qcow2Format.ClusterSize : RawImageWriter.BlockSize;

    /// <summary>Bytes that the image file takes at the most when it holds what the plan copies: nothing zero, nothing compressed.</summary>
    public static long MaximumFileSize(ImageFormat format, long capacity, CopyPlan plan, ImageAllocation allocation = ImageAllocation.Sparse)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return (format, allocation) switch
        {
            (ImageFormat.Raw, ImageAllocation.Preallocated) => capacity,
            (ImageFormat.Raw, _) => plan.TotalBytes,
            (_, ImageAllocation.Sparse) => Qcow2Format.MaximumFileSize(capacity, plan),
            (_, ImageAllocation.Metadata) => Qcow2PreallocatedLayout.For(capacity).MetadataBytes + plan.TotalBytes,
            _ => Qcow2PreallocatedLayout.For(capacity).FileSize,
        };
    }
}
