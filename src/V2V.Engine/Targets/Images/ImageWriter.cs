using V2V.Engine.Disks;

namespace V2V.Engine.Targets.Images;

/// <summary>Writes a virtual disk's contents into an image file. What is never written reads as zeros.</summary>
public abstract class ImageWriter : IDisposable
{
    /// <summary>
    /// The unit in which <see cref="Write"/> works best, in bytes, a power of two: writes that start and end on its multiples never have to
    /// be merged with others.
    /// </summary>
    public abstract int Granularity { get; }

    /// <summary>Bytes that have gone into the image file so far, metadata included.</summary>
    public abstract long BytesWritten { get; }

    /// <summary>
    /// Writes data at a position of the virtual disk. Thread-safe for ranges that do not share a granule; each granule is written once.
    /// </summary>
    /// <exception cref="TargetException">The target is full or cannot be written.</exception>
    public abstract void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>
    /// As <see cref="Write"/>, without reading: the image shares the blocks in which another file has the data. False where that cannot be; nothing is
    /// written then.
    /// </summary>
    internal virtual bool TryClone(long offset, in StoredRun source) => false;

    /// <summary>Writes the remaining metadata and makes the image durable. The image is valid only after this.</summary>
    public abstract void Complete();

    /// <summary>
    /// Whether a copy into it can be taken up by another process: the file is known again, and of what was written it is told where it lies.
    /// </summary>
    internal virtual bool CanBeResumed => false;

    /// <summary>Where in the file the disk's first byte lies, if all others follow in their order; null if each write has a place of its own.</summary>
    internal virtual long? DataStart => null;

    /// <summary>As <see cref="Write"/>, of a writer that <see cref="CanBeResumed"/>.</summary>
    /// <returns>Where in the file the first byte lies; the others follow.</returns>
    internal virtual long Place(long offset, ReadOnlySpan<byte> data)
    {
        Write(offset, data);
        return (DataStart ?? throw new InvalidOperationException("Nobody knows where it was written to.")) + offset;
    }

    /// <summary>The file that is written, to be read again when the image is complete; null when there is none.</summary>
    internal virtual ImageFile? File => null;

    /// <summary>Gives the file its name, if it was made without one (<see cref="ImageWriters.CreateUnnamed"/>).</summary>
    /// <exception cref="TargetException">The name is taken, or the folder cannot be written.</exception>
    internal virtual void TakeName()
    {
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Throws unless the range lies within a disk of <paramref name="capacity"/> bytes.</summary>
    protected static void CheckRange(long offset, long length, long capacity)
    {
        if (offset < 0 || length < 0 || offset > capacity - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The range {offset}+{length} does not lie within the disk's {capacity} bytes.");
        }
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
