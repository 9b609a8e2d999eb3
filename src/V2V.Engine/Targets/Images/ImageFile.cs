using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Images;

/// <summary>What the bytes of an image are written into, wherever it is: positional writes from any thread, errors in the engine's words.</summary>
internal abstract class ImageFile : IDisposable
{
    /// <summary>What messages call it.</summary>
    public abstract string Path { get; }

    public abstract long BytesWritten { get; }

    /// <summary>Size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Sets the length; what is added reads as zeros.</summary>
    public abstract void SetLength(long length);

    /// <summary>Takes space for the first <paramref name="length"/> bytes, which are within the file and not written yet.</summary>
    public abstract void Allocate(long length);

    /// <summary>Writes anywhere; behind the end the file grows, and may then be longer than what was written until it is given its length.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Takes bytes over by sharing the blocks in which another file has them. False where that cannot be; the range is then as it was.</summary>
    public virtual bool TryClone(long offset, in StoredRun source) => false;

    /// <summary>Reads back what was written before.</summary>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>The runs of data and holes that cover a range, in order and without gaps. Without knowledge all is data.</summary>
    public virtual IEnumerable<DiskExtent> Extents(long offset, long length) =>
        length > 0 ? [new DiskExtent(offset, length, IsZero: false)] : [];

    /// <summary>Waits until everything that was written is on stable storage.</summary>
    public abstract void Flush();

    /// <summary>Has what is read after this come from the disk, not from the host's memory, as far as the host can be made to.</summary>
    public virtual void ForgetCached()
    {
    }

    /// <summary>By which the file is known again when the process is another one; null for what cannot be known again.</summary>
    public virtual FileStamp? Stamp => null;

    /// <summary>Gives the file this length, and makes zero all that is not in <paramref name="kept"/>: what a run that was killed has left in it.</summary>
    /// <param name="kept">Ranges within the length, in ascending order, not overlapping.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="keepsSpace">What becomes zero keeps its place on the disk.</param>
    public virtual void KeepOnly(IReadOnlyList<ByteRange> kept, long length, bool keepsSpace) =>
        throw new InvalidOperationException($"{Path} is of a kind that is always written from its beginning.");

    /// <summary>Gives the file its name, if it was made without one.</summary>
    public virtual void TakeName()
    {
    }

    /// <summary>
    /// Closes a file that could not be set up, and removes it if it was not there before. What cannot be removed is left: the first error is
    /// the one to report.
    /// </summary>
    public virtual void Discard() => Dispose();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
