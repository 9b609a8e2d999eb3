using V2V.Engine.IO;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>
/// What a compressed stream holds. It cannot be read at random, so it is unpacked once, as far as it is needed, into a temporary file without
/// a name, in which zeros are holes. Reading is thread-safe.
/// </summary>
internal abstract class PackedContent : IDisposable
{
    /// <summary>Zeros are looked for in pieces of this size, the block of usual file systems.</summary>
    private const int PieceSize = 4096;

    /// <summary>No disk of any hypervisor is larger; a file of zeros compresses so well that a bound is needed.</summary>
    private const long MaximumLength = 64L << 40;

    /// <summary>So much is left to the other users of the temporary folder's file system, which is asked each time that so much has been written.</summary>
    private const long SpareSpace = 64 << 20;

    private readonly DiskFile _packed;
    private readonly string _folder;
    private readonly FileStream _file;
    private readonly CancellationToken _cancellation = RemoteReads.Cancellation;
    private long _writtenSinceCheck = SpareSpace;

    /// <param name="packed">The compressed stream; disposed with this.</param>
    /// <param name="format">The compression, for messages.</param>
    /// <param name="temporaryFolder">Folder for the temporary file; null takes the system's.</param>
    protected PackedContent(DiskFile packed, string format, string? temporaryFolder)
    {
        _packed = packed;
        _folder = TemporaryFile.Folder(temporaryFolder);
        Format = format;
        try
        {
            _file = TemporaryFile.Create(_folder, "unpacked");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            packed.Dispose();
            throw NotStored(e);
        }
    }

    public DiskFile Packed => _packed;

    protected string Format { get; }

    /// <summary>Size in bytes. Unpacks everything where the format does not tell it.</summary>
    public abstract long Length { get; }

    /// <summary>Whether there are so many bytes. Unpacks no more than that.</summary>
    public abstract bool Reaches(long end);

    /// <summary>Sees to it that a range, which lies within the content, is unpacked.</summary>
    /// <exception cref="DiskImageException">The compressed stream is damaged, or there is no space for what is in it.</exception>
    public abstract void Require(long offset, long length);

    /// <summary>Unpacks everything, so that the format's checksums, which may stand at the end, are compared.</summary>
    public abstract void CheckWhole();

    public void Read(long offset, Span<byte> buffer)
    {
        Require(offset, buffer.Length);
        try
        {
            while (buffer.Length > 0)
            {
                int read = RandomAccess.Read(_file.SafeFileHandle, buffer, offset);
                if (read == 0)
                {
                    // Zeros at the end have not been written.
                    buffer.Clear();
                    return;
                }

                buffer = buffer[read..];
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"What was unpacked of '{_packed.Path}' cannot be read again: {e.Message}", e) { Path = _folder };
        }
    }

    public IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        Require(offset, length);
        return FileHoles.Extents(_file.SafeFileHandle, offset, length);
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _file.Dispose();
        _packed.Dispose();
    }

    /// <summary>Keeps what was decoded. Threads may do this at the same time for different parts.</summary>
    /// <exception cref="OperationCanceledException">Nobody wants it any more (<see cref="RemoteReads"/>); nothing further is unpacked then.</exception>
    protected void Store(long offset, ReadOnlySpan<byte> data)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (offset > MaximumLength - data.Length)
        {
            throw Damaged(null, $"it unpacks to more than {MaximumLength >> 40} TiB, which no disk has.");
        }

        while (data.Length > 0)
        {
            int run = Run(offset, data, out bool isZero);
            if (!isZero)
            {
                Write(offset, data[..run]);
            }

            data = data[run..];
            offset += run;
        }
    }

    protected DiskImageException Damaged(long? offset, string what, Exception? inner = null) => new(
        V2VError.DiskImageCorrupt, $"The {Format} data of '{_packed.Path}' {(offset is null ? "is wrong" : $"is damaged at byte {offset}")}: {what}", inner)
    {
        Path = _packed.Path,
        Format = Format,
        Offset = offset,
        Advice = "The file is probably cut short or damaged: copy it again and compare its size and checksum with the original's.",
    };

    /// <summary>How many bytes at the start of <paramref name="data"/> are zeros, or are not, in whole pieces of the file.</summary>
    private static int Run(long offset, ReadOnlySpan<byte> data, out bool isZero)
    {
        int end = Piece(offset, data, 0);
        isZero = IsZero(data[..end]);
        while (end < data.Length)
        {
            int next = Piece(offset, data, end);
            if (IsZero(data[end..next]) != isZero)
            {
                break;
            }

            end = next;
        }

        return end;
    }

    private static int Piece(long offset, ReadOnlySpan<byte> data, int start) =>
        (int)Math.Min(data.Length, start + PieceSize - ((offset + start) % PieceSize));

    private static bool IsZero(ReadOnlySpan<byte> data) => !data.ContainsAnyExcept((byte)0);

    private void Write(long offset, ReadOnlySpan<byte> data)
    {
        try
        {
            if (Interlocked.Add(ref _writtenSinceCheck, data.Length) >= SpareSpace)
            {
                Interlocked.Exchange(ref _writtenSinceCheck, 0);
                CheckSpace();
            }

            RandomAccess.Write(_file.SafeFileHandle, data, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotStored(e);
        }
    }

    private void CheckSpace()
    {
        long available;
        try
        {
            available = new DriveInfo(_folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file system that cannot be asked says so itself when it is full.
            return;
        }

        if (available < SpareSpace)
        {
            throw NotStored(new IOException($"only {available >> 20} MiB are free there"));
        }
    }

    private DiskImageException NotStored(Exception e) => new(
        V2VError.TemporaryFolderFull, $"'{_packed.Path}' cannot be unpacked into a temporary file in '{_folder}': {e.Message.TrimEnd('.')}.", e)
    {
        Path = _folder,
        Advice = "Free space there, choose another folder for temporary files (-TemporaryDirectory), or unpack the file yourself and give what is in it.",
    };
}
