namespace V2V.Engine.Disks;

/// <summary>A run of bytes of a device that either holds data or reads as zeros.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Number of bytes, more than zero.</param>
/// <param name="IsZero">True when the run is known to read as zeros without being read.</param>
public readonly record struct DiskExtent(long Offset, long Length, bool IsZero)
{
    public long End => Offset + Length;
}

/// <summary>
/// A disk, partition or logical volume as a flat array of bytes that can be read at any position.
/// Reading is positional and thread-safe: several threads may read different parts at once.
/// </summary>
public abstract class BlockDevice : IDisposable
{
    /// <summary>Size in bytes as the guest sees it.</summary>
    public abstract long Length { get; }

    /// <summary>
    /// What is another as soon as its bytes are, as all the files tell it together that it is made of; null when one cannot. Devices that only rearrange
    /// others have none.
    /// </summary>
    internal virtual string? Version { get; set; }

    /// <summary>Fills <paramref name="buffer"/> with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the device (see <see cref="CheckRange"/>).</exception>
    /// <exception cref="V2VException">The bytes cannot be read.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>
    /// The runs that cover <paramref name="offset"/> .. <paramref name="offset"/>+<paramref name="length"/> in order, without gaps.
    /// Devices that cannot tell say that everything is data. Consecutive runs of the same kind need not be merged.
    /// </summary>
    public virtual IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        if (length > 0)
        {
            yield return new DiskExtent(offset, length, IsZero: false);
        }
    }

    /// <summary>
    /// Where a file of this host has the bytes from <paramref name="offset"/> on, as many of <paramref name="length"/> as lie there together; null where they
    /// have to be read to be known. The range must lie within the device.
    /// </summary>
    internal virtual StoredRun? Locate(long offset, long length) => null;

    /// <summary>Throws unless <paramref name="offset"/> .. <paramref name="offset"/>+<paramref name="length"/> lies within the device.</summary>
    protected void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The range {offset}+{length} does not lie within the device's {Length} bytes.");
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A block device that can also be written, at any position. Only overlays and windows onto them are.</summary>
public abstract class WritableBlockDevice : BlockDevice
{
    /// <summary>Writes all of <paramref name="data"/> at <paramref name="offset"/>; the range must lie within the device.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Makes what was written visible to readers of the layer below.</summary>
    public abstract void Flush();
}
