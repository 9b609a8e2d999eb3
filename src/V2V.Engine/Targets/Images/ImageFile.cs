namespace V2V.Engine.Targets.Images;

/// <summary>What the bytes of an image are written into, wherever it is: positional writes from any thread, errors in the engine's words.</summary>
internal abstract class ImageFile : IDisposable
{
    /// <summary>What messages call it.</summary>
    public abstract string Path { get; }

    public abstract long BytesWritten { get; }

    /// <summary>Sets the length; what is added reads as zeros.</summary>
    public abstract void SetLength(long length);

    /// <summary>Takes space for the first <paramref name="length"/> bytes, which are within the file and not written yet.</summary>
    public abstract void Allocate(long length);

    public abstract void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Reads back what was written before.</summary>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>Waits until everything that was written is on stable storage.</summary>
    public abstract void Flush();

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
