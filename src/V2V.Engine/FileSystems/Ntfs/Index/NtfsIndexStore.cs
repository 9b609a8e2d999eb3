namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>
/// Where an index lives: the three attributes of its name in a file record. The streams are raw bytes of the attributes' values; the index
/// does fixups, bitmap and layout itself. Changes of one operation are to be taken back together when it throws.
/// </summary>
internal abstract class NtfsIndexStore
{
    /// <summary>For messages, such as "index $I30 of file record 5".</summary>
    public abstract string Description { get; }

    /// <summary>Bytes of a cluster: the unit of VCNs, unless an index record is smaller than it.</summary>
    public abstract int ClusterSize { get; }

    /// <summary>Largest value of $INDEX_ROOT that the file record can hold now, counting what the value takes already and what other
    /// attributes can make way. At least <see cref="NtfsIndexRoot.MinLengthWithChild"/>.</summary>
    public abstract int MaxRootLength { get; }

    /// <summary>Bytes of $INDEX_ALLOCATION; 0 without the attribute.</summary>
    public abstract long AllocationLength { get; }

    /// <summary>The value of $INDEX_ROOT, which is always resident.</summary>
    public abstract ReadOnlySpan<byte> ReadRoot();

    /// <summary>Replaces the value of $INDEX_ROOT by one of at most <see cref="MaxRootLength"/> bytes.</summary>
    public abstract void WriteRoot(ReadOnlySpan<byte> value);

    /// <summary>Reads exactly <c>buffer.Length</c> bytes of $INDEX_ALLOCATION at <paramref name="offset"/>.</summary>
    public abstract void ReadAllocation(long offset, Span<byte> buffer);

    public abstract void WriteAllocation(long offset, ReadOnlySpan<byte> data);

    /// <summary>Sets the length of $INDEX_ALLOCATION, creating the attribute (non-resident, also when small) when it is missing.
    /// 0 removes it and $BITMAP.</summary>
    public abstract void ResizeAllocation(long length);

    /// <summary>The value of $BITMAP: a bit for each index record, set when it is in use. Empty without the attribute.</summary>
    public abstract byte[] ReadBitmap();

    /// <summary>Replaces the value of $BITMAP, creating the attribute when it is missing. It never gets shorter but by <see cref="ResizeAllocation"/>.</summary>
    public abstract void WriteBitmap(ReadOnlySpan<byte> value);
}
