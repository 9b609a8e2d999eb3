namespace V2V.Engine.Disks.Transports;

/// <summary>
/// The bytes of an image file, wherever they lie: a file of the host, a member of a tar archive. Image formats read through this and
/// nothing else. Reading is positional and thread-safe.
/// </summary>
public abstract class DiskFile : IDisposable
{
    /// <summary>What messages call it: a full path, "/srv/guest.ova!disk1.vmdk".</summary>
    public abstract string Path { get; }

    /// <summary>Folder of the host in which files named by this one are looked for; null when it lies in no folder of the host.</summary>
    public virtual string? Folder => null;

    /// <summary>Where files named by this one are looked for when it lies in no folder of the host; null when it cannot refer to others.</summary>
    public virtual FileStore? Store => null;

    /// <summary>Its name in <see cref="Store"/>.</summary>
    public virtual string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Size in bytes.</summary>
    public abstract long Length { get; }

    /// <summary>
    /// What is another as soon as its bytes are, also for who opens it anew after a restart of everything: name, size, times, an entity tag. Null for
    /// what cannot tell. As of when it was opened.
    /// </summary>
    internal virtual string? Version => null;

    /// <summary>Whether reading far into it means unpacking all that lies before.</summary>
    public virtual bool IsPacked => false;

    /// <summary>Whether it has this many bytes. Unlike <see cref="Length"/> it does not make a packed file be unpacked to its end.</summary>
    public virtual bool Reaches(long end) => end <= Length;

    /// <summary>Compares the checksums that what it is packed in has at its end. Other files have none.</summary>
    /// <exception cref="DiskImageException">It is damaged.</exception>
    public virtual void CheckWhole()
    {
    }

    /// <summary>Its first bytes, fewer than <paramref name="count"/> if it is shorter.</summary>
    internal byte[] ReadStart(int count)
    {
        byte[] start = new byte[Reaches(count) ? count : (int)Length];
        Read(0, start);
        return start;
    }

    /// <summary>Fills <paramref name="buffer"/> with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="DiskImageException">The file ends before the buffer is full, or cannot be read.</exception>
    public abstract void Read(long offset, Span<byte> buffer);

    /// <summary>The runs of data and holes that cover a range within the file, in order and without gaps. Without knowledge all is data.</summary>
    public virtual IEnumerable<DiskExtent> Extents(long offset, long length) =>
        length > 0 ? [new DiskExtent(offset, length, IsZero: false)] : [];

    /// <summary>The part of a range within the file that a file of this host has as it is; null where there is none.</summary>
    internal virtual StoredRun? Locate(long offset, long length) => null;

    /// <summary>Bytes that the file takes at its place: its size less its holes, or what it was compressed to.</summary>
    internal virtual long Allocated() => Extents(0, Length).Where(e => !e.IsZero).Sum(e => e.Length);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>What every file throws for a range that its length does not cover.</summary>
    protected void CheckRange(long offset, int length)
    {
        if (offset < 0 || offset > long.MaxValue - length || !Reaches(offset + length))
        {
            throw new DiskImageException(
                V2VError.DiskImageCorrupt, $"'{Path}' ends at byte {Length}, but {length} bytes at {offset} are needed.")
            {
                Path = Path,
                Offset = offset,
                Advice = "The file is probably cut short: copy it again and compare its size with the original's.",
            };
        }
    }
}
