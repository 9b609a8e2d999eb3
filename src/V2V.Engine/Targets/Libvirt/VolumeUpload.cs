using V2V.Engine.Disks;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Libvirt;

/// <summary>
/// A volume that only libvirt can write, on another host or for another user, as a file of an image. libvirt takes a stream of bytes
/// (virStorageVolUpload), while images are written at several places at once: what comes a little early is kept until its turn, what comes
/// late is sent by a stream of its own. Gaps are told as holes.
/// </summary>
internal sealed class VolumeUpload(ConnectHandle connect, StorageVolHandle volume, string path) : ImageFile
{
    /// <summary>How much may wait for what belongs before it: more than the threads of a copy have in hand.</summary>
    private const int MaximumEarly = 32 << 20;

    /// <summary>How much may wait for the stream's end.</summary>
    private const int MaximumLate = 16 << 20;

    private static readonly byte[] Zeros = new byte[1 << 20];

    private readonly Lock _lock = new();
    private readonly PriorityQueue<byte[], long> _early = new();
    private readonly SortedDictionary<long, byte[]> _late = [];
    private StreamHandle? _stream;
    private bool _hasHoles = true;
    private long _position;
    private long _length;
    private int _earlyBytes;
    private int _lateBytes;
    private long _bytesWritten;

    public override string Path => path;

    public override long BytesWritten => Interlocked.Read(ref _bytesWritten);

    public override long Length
    {
        get
        {
            lock (_lock)
            {
                return _length;
            }
        }
    }

    public override void SetLength(long length)
    {
        lock (_lock)
        {
            _length = Math.Max(_length, length);
        }
    }

    /// <summary>What would be told as holes is sent as zeros, which take their space.</summary>
    public override void Allocate(long length) => _hasHoles = false;

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            _bytesWritten += data.Length;
            _length = Math.Max(_length, offset + data.Length);
            if (offset == _position)
            {
                Send(data);
                SendEarly(everything: false);
            }
            else if (offset > _position)
            {
                _early.Enqueue(data.ToArray(), offset);
                _earlyBytes += data.Length;
                while (_earlyBytes > MaximumEarly)
                {
                    SkipTo(NextEarly());
                    SendEarly(everything: false);
                }
            }
            else
            {
                _late[offset] = data.ToArray();
                _lateBytes += data.Length;
                if (_lateBytes > MaximumLate)
                {
                    SendLate();
                }
            }
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        lock (_lock)
        {
            Settle();
            using var stream = VirStreamNew.Call(connect, path);
            VirStorageVolDownload.Call(volume, stream, offset, buffer.Length, sparse: false, path);
            while (buffer.Length > 0)
            {
                var received = VirStreamRecvFlags.Call(stream, buffer, path) ?? 0;
                buffer = received > 0
                    ? buffer[received..]
                    : throw new TargetException(V2VError.TargetWriteFailed, $"{path} is shorter than what was written to it.") { Path = path, Offset = offset };
            }

            VirStreamFinish.Call(stream, path);
        }
    }

    /// <summary>libvirt has no call that tells; see <see cref="LibvirtVolumeHoles"/>.</summary>
    public override IEnumerable<DiskExtent> Extents(long offset, long length) =>
        new LibvirtVolumeHoles(new LibvirtVolume(path, IsFile: true, IsLocal: true, "raw", Length, Allocation: 0), HoleAt).Extents(offset, length);

    /// <summary>libvirt waits for the disk before it says that a stream has ended.</summary>
    public override void Flush()
    {
        lock (_lock)
        {
            Settle();
            SkipTo(_length);
            EndStream();
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_lock)
        {
            if (_stream is not null)
            {
                VirStreamAbort.Call(_stream);
                _stream.Dispose();
                _stream = null;
            }
        }

        volume.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The length of the hole at an offset; 0 when there is data.</summary>
    private long HoleAt(long offset)
    {
        lock (_lock)
        {
            if (!_hasHoles)
            {
                return 0;
            }

            using var stream = VirStreamNew.Call(connect, path);
            VirStorageVolDownload.Call(volume, stream, offset, _length - offset, sparse: true, path);
            var hole = VirStreamRecvFlags.Call(stream, new byte[1], path) is null ? VirStreamRecvHole.Call(stream, path) : 0;
            VirStreamAbort.Call(stream);
            return Math.Clamp(hole, 0, _length - offset);
        }
    }

    /// <summary>Brings everything that was written to the other side.</summary>
    private void Settle()
    {
        SendEarly(everything: true);
        SendLate();
    }

    private void SendEarly(bool everything)
    {
        while (_early.Count > 0 && (everything || NextEarly() <= _position))
        {
            SkipTo(NextEarly());
            var data = _early.Dequeue();
            _earlyBytes -= data.Length;
            Send(data);
        }
    }

    private long NextEarly()
    {
        _early.TryPeek(out _, out var offset);
        return offset;
    }

    private void SendLate()
    {
        if (_late.Count == 0)
        {
            return;
        }

        EndStream();
        foreach (var (offset, data) in _late)
        {
            using var stream = VirStreamNew.Call(connect, path);
            VirStorageVolUpload.Call(volume, stream, offset, data.Length, path);
            VirStreamSend.Call(stream, data, path);
            VirStreamFinish.Call(stream, path);
        }

        _late.Clear();
        _lateBytes = 0;
    }

    private void SkipTo(long offset)
    {
        if (_hasHoles && offset > _position)
        {
            VirStreamSendHole.Call(Stream(), offset - _position, path);
            _position = offset;
        }

        while (offset > _position)
        {
            Send(Zeros.AsSpan(0, (int)Math.Min(Zeros.Length, offset - _position)));
        }
    }

    private void Send(ReadOnlySpan<byte> data)
    {
        VirStreamSend.Call(Stream(), data, path);
        _position += data.Length;
    }

    private StreamHandle Stream()
    {
        if (_stream is null)
        {
            var stream = VirStreamNew.Call(connect, path);
            try
            {
                VirStorageVolUpload.Call(volume, stream, _position, 0, path);
            }
            catch
            {
                stream.Dispose();
                throw;
            }

            _stream = stream;
        }

        return _stream;
    }

    private void EndStream()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            using (stream)
            {
                VirStreamFinish.Call(stream, path);
            }
        }
    }
}
