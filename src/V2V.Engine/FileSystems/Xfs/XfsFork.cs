namespace V2V.Engine.FileSystems.Xfs;

/// <summary>How a fork holds its contents (di_format, di_aformat).</summary>
internal enum XfsForkFormat : byte
{
    Device = 0,
    Local = 1,
    Extents = 2,
    BTree = 3,
}

/// <summary>
/// One fork of an inode as directories, attributes and symbolic links use it: inline bytes in the inode, or blocks addressed by their
/// logical number (in file system blocks) within the fork.
/// </summary>
internal abstract class XfsFork
{
    /// <summary>Sizes and feature bits of the file system.</summary>
    public abstract XfsGeometry Geometry { get; }

    /// <summary>Inode number, as v5 blocks carry it in their headers.</summary>
    public abstract ulong Owner { get; }

    public abstract XfsForkFormat Format { get; }

    /// <summary>The inode's size in bytes (di_size), which a directory keeps with its data blocks. Of no meaning to an attribute fork.</summary>
    public abstract long Size { get; set; }

    /// <summary>The most bytes that the fork can hold inline, with the inode's present fork offset.</summary>
    public abstract int InlineCapacity { get; }

    /// <summary>The inline bytes; only while <see cref="Format"/> is <see cref="XfsForkFormat.Local"/>.</summary>
    public abstract ReadOnlySpan<byte> Inline { get; }

    /// <summary>Makes the fork local with these bytes. Blocks that it had must have been freed before.</summary>
    public abstract void SetInline(ReadOnlySpan<byte> content);

    /// <summary>Makes a local fork an empty list of extents; its inline bytes are gone.</summary>
    public abstract void BecomeExtents();

    /// <summary>
    /// The <paramref name="count"/> blocks from <paramref name="block"/> on as one buffer (a directory block may be several file system blocks),
    /// or null where the first of them is a hole.
    /// </summary>
    /// <param name="block">Logical block.</param>
    /// <param name="count">File system blocks, 1 but for directories with larger blocks.</param>
    /// <param name="checksumOffset">Where the CRC of this kind of block stands on v5 file systems, to be checked now and kept up to date when dirty; null for blocks without one.</param>
    public abstract XfsBuffer? Read(uint block, int count, int? checksumOffset);

    /// <summary>Allocates and maps blocks there that were a hole; the buffer is zeroed and dirty.</summary>
    public abstract XfsBuffer Allocate(uint block, int count, int? checksumOffset);

    /// <summary>Unmaps and frees the blocks.</summary>
    public abstract void Free(uint block, int count);

    /// <summary>The mapped runs of logical blocks from <paramref name="from"/> on, in order.</summary>
    public abstract IEnumerable<(uint Block, uint Count)> Mapped(uint from);

    /// <summary>
    /// Moves the boundary between the data and the attribute fork so that this one can hold <paramref name="length"/> bytes inline, and creates
    /// an attribute fork (with an empty list of extents) where there is none. Extents of the other fork move out of the inode when they must.
    /// </summary>
    /// <returns>False, with nothing changed, when the other fork's inline contents do not leave that room.</returns>
    public abstract bool TryReserveInline(int length);

    /// <summary>Takes away an attribute fork that holds nothing any more; the data fork gets its room.</summary>
    public abstract void Remove();
}
