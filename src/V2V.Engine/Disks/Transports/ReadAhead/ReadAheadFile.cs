namespace V2V.Engine.Disks.Transports.ReadAhead;

/// <summary>
/// A file on another host as if it were near: blocks that were read are kept, small reads cost one small request, and where reads follow
/// each other the next ones are under way, several at a time, before they are asked for. No block is requested twice at once.
/// </summary>
/// <remarks>
/// A failure to read is thrown to the read that needs those bytes, and not remembered. Disposal drops what is waiting to be read ahead and
/// disposes the file, which has to end what is under way. So does what <see cref="RemoteReads"/> says when the file is opened.
/// </remarks>
public sealed class ReadAheadFile : DiskFile
{
    /// <summary>Bytes of a block: the smallest request. What takes longer than a request's way there and back is not worth saving.</summary>
    internal const int BlockSize = 64 << 10;

    /// <summary>Bytes of the largest request.</summary>
    internal const int MaximumFetch = 2 << 20;

    /// <summary>Requests under way to read ahead. With 20 ms there and back, 16 MiB under way are 800 MB a second.</summary>
    internal const int MaximumRequests = 8;

    internal const int MaximumWindow = MaximumRequests * MaximumFetch;

    /// <summary>Bytes kept of a file: what a copy and a checksum have read ahead, and as much again as one has, for what is read anew (metadata).</summary>
    internal const long CacheLimit = 3L * MaximumWindow;

    private readonly DiskFile _file;
    private readonly object _lock = new();
    private readonly BlockCache _cache = new(BlockSize, CacheLimit);
    private readonly SequentialRuns _runs = new(BlockSize, MaximumFetch, MaximumWindow);
    private readonly Queue<Fetch> _waiting = new();
    private int _workers;
    private int _idle;
    private bool _isDisposed;

    private readonly CancellationTokenRegistration _cancellation;

    private ReadAheadFile(DiskFile file)
    {
        _file = file;
        // Not on the thread that cancels: taking leave of a host may take a while too.
        _cancellation = RemoteReads.Cancellation.UnsafeRegister(static opened => Task.Run(((ReadAheadFile)opened!).Dispose), this);
    }

    public override string Path => _file.Path;

    public override string? Folder => _file.Folder;

    public override FileStore? Store => _file.Store;

    public override string Name => _file.Name;

    public override long Length => _file.Length;

    internal override string? Version => _file.Version;

    /// <param name="file">What is read; thread-safe as every <see cref="DiskFile"/>, and disposed with the result.</param>
    public static ReadAheadFile Over(DiskFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new ReadAheadFile(file);
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        Foresee(offset, buffer.Length);
        bool isRetry = false;
        while (buffer.Length > 0)
        {
            Fetch fetch = Take(offset, buffer.Length);
            int run = (int)Math.Min(buffer.Length, fetch.End - offset);
            try
            {
                bool isOwn = fetch.TryStart();
                if (isOwn)
                {
                    fetch.Fill(_file, Forget);
                }

                fetch.Wait();
                if (fetch.HasFailed)
                {
                    // What others asked for may have failed at bytes that are not needed here: only those that are decide.
                    if (!isOwn && !isRetry)
                    {
                        isRetry = true;
                        continue;
                    }

                    if (run == fetch.Length || !fetch.IsFailureConfined)
                    {
                        fetch.ThrowFailure();
                    }

                    // A bad sector spoils no more than those who want it.
                    _file.Read(offset, buffer[..run]);
                }
                else
                {
                    fetch.CopyTo(offset, buffer[..run]);
                }

                offset += run;
                buffer = buffer[run..];
                isRetry = false;
            }
            finally
            {
                Release(fetch);
            }
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => _file.Extents(offset, length);

    internal override long Allocated() => _file.Allocated();

    protected override void Dispose(bool disposing)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _waiting.Clear();
            Monitor.PulseAll(_lock);
        }

        _cancellation.Unregister();
        _file.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Has what the reads after this one will need asked for by workers.</summary>
    private void Foresee(long offset, int length)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            (long start, long ahead) = _runs.Note(offset, length);
            Request(start, Math.Min(ahead, _file.Length - start));
        }
    }

    /// <summary>Puts the missing parts of a range in the workers' queue.</summary>
    private void Request(long offset, long length)
    {
        for (long end = offset + length; offset < end;)
        {
            if (_cache.Contains(offset))
            {
                offset = (offset / BlockSize + 1) * BlockSize;
                continue;
            }

            Fetch fetch = Create(offset, end);
            _waiting.Enqueue(fetch);
            Awake();
            offset = fetch.End;
        }
    }

    /// <summary>The fetch that holds a byte, a new one when there is none. To be released.</summary>
    private Fetch Take(long offset, int length)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (length > MaximumFetch)
            {
                Request(offset, Math.Min(length, MaximumWindow));
            }

            Fetch fetch = _cache.Find(offset) ?? Create(offset, offset + length);
            fetch.Users++;
            return fetch;
        }
    }

    /// <summary>A fetch of the blocks from the one at <paramref name="offset"/> on, up to one that is there or the end of those needed.</summary>
    private Fetch Create(long offset, long end)
    {
        long start = offset / BlockSize * BlockSize;
        // Requests end on multiples of their largest size, where those of readers of whole disks do too.
        long limit = Math.Min((start / MaximumFetch + 1) * MaximumFetch, end);
        long next = start + BlockSize;
        while (next < limit && !_cache.Contains(next))
        {
            next += BlockSize;
        }

        var fetch = new Fetch(start, (int)(Math.Min(next, _file.Length) - start));
        _cache.Add(fetch);
        return fetch;
    }

    private void Release(Fetch fetch)
    {
        lock (_lock)
        {
            fetch.Users--;
        }
    }

    private void Forget(Fetch fetch)
    {
        lock (_lock)
        {
            _cache.Remove(fetch);
        }
    }

    /// <summary>Gets a worker to look at the queue. They block in the file's reads, so they are threads of their own and not the pool's.</summary>
    private void Awake()
    {
        if (_idle >= _waiting.Count || _workers == MaximumRequests)
        {
            Monitor.Pulse(_lock);
            return;
        }

        _workers++;
        new Thread(Work) { IsBackground = true, Name = $"V2V read-ahead {_workers}" }.Start();
    }

    private void Work()
    {
        while (Next() is { } fetch)
        {
            if (fetch.TryStart())
            {
                fetch.Fill(_file, Forget);
            }

            Release(fetch);
        }
    }

    /// <summary>What a worker has to do next; null when the file is closed.</summary>
    private Fetch? Next()
    {
        lock (_lock)
        {
            _idle++;
            while (!_isDisposed && _waiting.Count == 0)
            {
                Monitor.Wait(_lock);
            }

            _idle--;
            if (_isDisposed)
            {
                return null;
            }

            Fetch fetch = _waiting.Dequeue();
            fetch.Users++;
            return fetch;
        }
    }
}
