namespace V2V.Engine.FileSystems;

/// <summary>
/// A file system inside a guest, opened for reading.
/// <para>
/// Paths are absolute within this file system, separated by '/', and taken literally: no symbolic link is followed here, neither as the
/// last component nor on the way. <see cref="GuestRoot"/> joins file systems and follows links inside the guest only.
/// Names are UTF-8; a byte that is not valid UTF-8 is mapped to the lone surrogate U+DC00+byte, so that every name survives a round trip.
/// </para>
/// Not thread-safe: one thread uses a file system at a time.
/// </summary>
public abstract class GuestFileSystem : IDisposable
{
    /// <summary>The kernel's name of the format: "ext4", "xfs", "vfat", "ntfs".</summary>
    public abstract string Kind { get; }

    /// <summary>UUID as blkid prints it, or null.</summary>
    public abstract string? Uuid { get; }

    public abstract string? Label { get; }

    public abstract GuestSpace Space { get; }

    /// <summary>What stands at <paramref name="path"/> (a symbolic link itself, not what it points at), or null when nothing does.</summary>
    public abstract GuestFile? Find(string path);

    /// <summary>The entries of a directory, "." and ".." left out, in no particular order.</summary>
    /// <exception cref="GuestFileSystemException">The path does not exist or is not a directory.</exception>
    public abstract IEnumerable<GuestDirectoryEntry> Enumerate(string path);

    /// <summary>Reads up to <c>buffer.Length</c> bytes of a regular file from <paramref name="offset"/>; returns how many (0 at the end).</summary>
    public abstract int Read(string path, long offset, Span<byte> buffer);

    /// <summary>The target of a symbolic link, as stored.</summary>
    public abstract string ReadLink(string path);

    /// <summary>Extended attributes by full name, such as "security.selinux"; empty where the format has none.</summary>
    public abstract IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path);

    /// <summary>
    /// The byte ranges of the volume that hold nothing the file system refers to, in order, so that a copier may leave them out.
    /// Empty unless the file system is fully understood and consistent.
    /// </summary>
    public abstract IEnumerable<ByteRange> FreeExtents();

    /// <summary>
    /// The byte ranges of the volume that hold a regular file's contents from <paramref name="from"/> on, as they are and for this file alone, in
    /// whole blocks. Empty unless the file system is fully understood and consistent, and for files that are stored in another way.
    /// </summary>
    public virtual IReadOnlyList<ByteRange> ContentRanges(string path, long from) => [];

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>
/// A guest file system that can be changed. Each operation leaves every checksum, bitmap and counter right in memory;
/// <see cref="Flush"/> brings the volume up to date. When an operation throws, the file system is as it was before it.
/// </summary>
public abstract class WritableGuestFileSystem : GuestFileSystem
{
    /// <summary>Creates an empty regular file. The parent must exist, the path must not.</summary>
    public abstract void CreateFile(string path, GuestFileAttributes attributes);

    /// <summary>Writes at <paramref name="offset"/> of an existing regular file, growing it as needed; holes read as zeros. The inode stays, so hard links see it too.</summary>
    public abstract void Write(string path, long offset, ReadOnlySpan<byte> data);

    /// <summary>Sets the length of a regular file; growing makes a hole.</summary>
    public abstract void Truncate(string path, long length);

    public abstract void CreateDirectory(string path, GuestFileAttributes attributes);

    public abstract void CreateSymbolicLink(string path, string target, GuestFileAttributes attributes);

    /// <summary>Adds a name for an existing file that is not a directory.</summary>
    public abstract void CreateHardLink(string path, string existing);

    /// <summary>As rename(2): an existing file at <paramref name="to"/> (or empty directory, for a directory) is replaced.</summary>
    public abstract void Rename(string from, string to);

    /// <summary>Removes a file, a symbolic link or an empty directory.</summary>
    public abstract void Delete(string path);

    /// <summary>Sets those of the attributes that are not null.</summary>
    public abstract void SetAttributes(string path, GuestFileAttributes attributes);

    /// <summary>Sets an extended attribute, or removes it when <paramref name="value"/> is null.</summary>
    public abstract void SetExtendedAttribute(string path, string name, byte[]? value);

    /// <summary>Writes everything that is still held in memory to the volume.</summary>
    public abstract void Flush();
}

public enum GuestFileType
{
    Regular,
    Directory,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Fifo,
    Socket,
}

/// <summary>What a file system tells of one file.</summary>
/// <param name="Type">Kind of file.</param>
/// <param name="Length">Size in bytes; for a symbolic link the length of its target.</param>
/// <param name="Mode">The twelve permission bits (octal 07777); a file system without them gives what its driver shows.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Modified">Last change of the contents.</param>
/// <param name="Id">Inode or file record number, unique within the file system: equal for hard links.</param>
/// <param name="LinkCount">Number of names.</param>
public sealed record GuestFile(
    GuestFileType Type, long Length, int Mode, uint UserId, uint GroupId, DateTimeOffset Modified, ulong Id, uint LinkCount)
{
    public bool IsDirectory => Type == GuestFileType.Directory;

    public bool IsRegular => Type == GuestFileType.Regular;

    public bool IsSymbolicLink => Type == GuestFileType.SymbolicLink;
}

public readonly record struct GuestDirectoryEntry(string Name, GuestFileType Type, ulong Id);

/// <summary>Attributes to set; null leaves as is (or, on creation: mode 0644 or 0755, owner 0:0, now).</summary>
public sealed record GuestFileAttributes
{
    public int? Mode { get; init; }

    public uint? UserId { get; init; }

    public uint? GroupId { get; init; }

    public DateTimeOffset? Modified { get; init; }
}

/// <summary>Space in bytes and, where the format counts them, inodes. Free is what root may use.</summary>
public readonly record struct GuestSpace(long TotalBytes, long FreeBytes, long? TotalInodes, long? FreeInodes);

/// <summary>A range of bytes of a volume.</summary>
public readonly record struct ByteRange(long Offset, long Length)
{
    public long End => Offset + Length;
}
