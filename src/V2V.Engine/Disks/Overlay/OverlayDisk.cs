namespace V2V.Engine.Disks.Overlay;

/// <summary>
/// Copy-on-write over a device that stays untouched: what is written is kept in memory up to a limit, beyond it in a temporary file that
/// nobody else can see. Blocks that are filled with one byte, such as those of an emptied journal, take no space. Reading is thread-safe,
/// also against writing.
/// </summary>
public sealed class OverlayDisk : WritableBlockDevice
{
    /// <summary>
    /// Unit of copying, in bytes: the block size of most guest file systems, so that what they write needs no reading of the source.
    /// Over a compressed image, scattered writes were 50 times as fast as with blocks of 16 KiB.
    /// </summary>
    public const int BlockSize = 4 << 10;

    /// <summary>Bytes kept in memory when the caller does not say: more than a usual conversion changes.</summary>
    public const long DefaultMemoryLimit = 64L << 20;

    private readonly BlockDevice _source;
    private readonly OverlayStore _store;
    private readonly ReaderWriterLockSlim _lock = new();

    // Number of the device's block -> number of the store's block, or the complement of the byte that the block is filled with.
    private readonly Dictionary<long, int> _written = [];
    private long[]? _sorted;

    /// <param name="source">What is read where nothing was written; disposed with the overlay.</param>
    /// <param name="memoryLimit">Bytes to keep in memory.</param>
    /// <param name="temporaryDirectory">Where the temporary file goes; null takes the system's folder.</param>
    public OverlayDisk(BlockDevice source, long memoryLimit = DefaultMemoryLimit, string? temporaryDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(memoryLimit);
        _source = source;
        _store = new OverlayStore(BlockSize, memoryLimit, temporaryDirectory);
    }

    public override long Length => _source.Length;

    /// <summary>That of what lies below.</summary>
    internal override string? Version => _source.Version;

    /// <summary>Bytes that were written, in whole blocks.</summary>
    public long ChangedBytes
    {
        get
        {
            _lock.EnterReadLock();
            try
            {
                return (long)_written.Count * BlockSize;
            }
            finally
            {
                _lock.ExitReadLock();
            }
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _lock.EnterReadLock();
        try
        {
            while (buffer.Length > 0)
            {
                int run = ReadRun(offset, buffer);
                offset += run;
                buffer = buffer[run..];
            }
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        _lock.EnterWriteLock();
        try
        {
            while (data.Length > 0)
            {
                int length = WriteBlock(offset, data);
                offset += length;
                data = data[length..];
            }
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Nothing is held back: what is written can be read at once.</summary>
    public override void Flush()
    {
    }

    /// <summary>Blocks that were written are data; for the others the source answers.</summary>
    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return MergedExtents(WrittenBlocks(), offset, length).Merge();
    }

    internal override StoredRun? Locate(long offset, long length)
    {
        var written = WrittenBlocks();
        var next = Array.BinarySearch(written, offset / BlockSize);
        if (next >= 0)
        {
            return null;
        }

        var end = ~next < written.Length ? written[~next] * BlockSize : Length;
        return _source.Locate(offset, Math.Min(length, end - offset));
    }

    /// <summary>What was written, in whole blocks, in ascending order; the last may reach beyond the end.</summary>
    internal IEnumerable<DiskExtent> ChangedRanges() =>
        WrittenBlocks().Select(block => new DiskExtent(block * BlockSize, BlockSize, IsZero: false)).Merge();

    /// <summary>Reads as much as comes from one place.</summary>
    private int ReadRun(long offset, Span<byte> buffer)
    {
        long block = offset / BlockSize;
        int within = (int)(offset % BlockSize);
        int run = Math.Min(BlockSize - within, buffer.Length);
        if (_written.TryGetValue(block, out int slot))
        {
            if (slot < 0)
            {
                buffer[..run].Fill((byte)~slot);
            }
            else
            {
                _store.Read(slot, within, buffer[..run]);
            }

            return run;
        }

        if (_written.Count == 0)
        {
            run = buffer.Length;
        }

        while (run < buffer.Length && !_written.ContainsKey(++block))
        {
            run = Math.Min(run + BlockSize, buffer.Length);
        }

        _source.Read(offset, buffer[..run]);
        return run;
    }

    /// <summary>Writes up to the end of one block.</summary>
    private int WriteBlock(long offset, ReadOnlySpan<byte> data)
    {
        long block = offset / BlockSize;
        int within = (int)(offset % BlockSize);
        int length = Math.Min(BlockSize - within, data.Length);
        data = data[..length];
        bool isWritten = _written.TryGetValue(block, out int slot);
        if (isWritten && slot >= 0)
        {
            _store.Write(slot, within, data);
            return length;
        }

        if (length == BlockSize)
        {
            slot = AddBlock(data);
        }
        else
        {
            Span<byte> whole = stackalloc byte[BlockSize];
            ReadBlock(block, isWritten ? slot : null, whole);
            data.CopyTo(whole[within..]);
            slot = AddBlock(whole);
        }

        // Only now: a failure to read the source or to store the block leaves the overlay as it was.
        _written[block] = slot;
        _sorted = isWritten ? _sorted : null;
        return length;
    }

    private int AddBlock(ReadOnlySpan<byte> data) => data.ContainsAnyExcept(data[0]) ? _store.Add(data) : ~data[0];

    /// <summary>The present contents of a block that the store does not hold.</summary>
    private void ReadBlock(long block, int? fill, Span<byte> whole)
    {
        if (fill is { } complement)
        {
            whole.Fill((byte)~complement);
            return;
        }

        int size = (int)Math.Min(BlockSize, Length - (block * BlockSize));
        _source.Read(block * BlockSize, whole[..size]);
        whole[size..].Clear();
    }

    private long[] WrittenBlocks()
    {
        _lock.EnterWriteLock();
        try
        {
            if (_sorted is null)
            {
                _sorted = [.. _written.Keys];
                Array.Sort(_sorted);
            }

            return _sorted;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    private IEnumerable<DiskExtent> MergedExtents(long[] written, long offset, long length)
    {
        long end = offset + length;
        int next = Array.BinarySearch(written, offset / BlockSize);
        next = next < 0 ? ~next : next;
        while (offset < end)
        {
            long start = next < written.Length ? Math.Min(written[next] * BlockSize, end) : end;
            if (start > offset)
            {
                foreach (DiskExtent extent in _source.Extents(offset, start - offset))
                {
                    yield return extent;
                }

                offset = start;
                continue;
            }

            long block = written[next++];
            while (next < written.Length && written[next] == block + 1)
            {
                block = written[next++];
            }

            long stop = Math.Min((block + 1) * BlockSize, end);
            yield return new DiskExtent(offset, stop - offset, IsZero: false);
            offset = stop;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _store.Dispose();
        _source.Dispose();
        _lock.Dispose();
        base.Dispose(disposing);
    }
}
