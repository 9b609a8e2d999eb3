namespace V2V.Engine.Disks.Mapping;

internal enum MappedKind
{
    /// <summary>Nothing is stored: the bytes are the backing device's, or zeros without one.</summary>
    Unallocated,

    /// <summary>Known to be zeros, whatever the backing device holds.</summary>
    Zero,

    /// <summary>Stored as they are.</summary>
    Data,

    /// <summary>Stored as one compressed unit, which can only be read as a whole.</summary>
    Compressed,
}

/// <summary>A run of a virtual disk's bytes and where the image file keeps them.</summary>
/// <param name="Kind">How they are kept.</param>
/// <param name="Start">First byte of the run on the virtual disk.</param>
/// <param name="Length">Number of bytes on the virtual disk.</param>
/// <param name="FileOffset">Where the data or compressed data starts in the file.</param>
/// <param name="StoredLength">At most how many bytes the compressed data takes; 0 if the data itself tells.</param>
internal readonly record struct MappedRun(MappedKind Kind, long Start, long Length, long FileOffset = 0, int StoredLength = 0)
{
    public long End => Start + Length;

    public MappedRun From(long start) => this with { Start = start, Length = End - start, FileOffset = FileOffset + (start - Start) };

    public bool Continues(in MappedRun previous) =>
        Kind == previous.Kind && Kind != MappedKind.Compressed
        && (Kind != MappedKind.Data || FileOffset == previous.FileOffset + previous.Length);
}
