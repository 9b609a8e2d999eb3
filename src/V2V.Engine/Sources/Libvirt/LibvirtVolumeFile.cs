using System.Buffers;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// The file of a storage volume, read through libvirt: for volumes on other hosts, and for those that this process may not open. Each read
/// is a download of its range; a connection that breaks is made anew. Disposing ends reads that wait.
/// </summary>
internal sealed class LibvirtVolumeFile : DiskFile
{
    private readonly LibvirtConnection _connection;
    private readonly Func<ConnectHandle, StorageVolHandle> _find;
    private readonly LibvirtVolume _volume;
    private readonly FileStore _store;
    private readonly IDisposable _hold;
    private readonly CancellationTokenSource _disposal = new();
    private readonly LibvirtVolumeHoles _holes;
    private volatile bool _isSparse = true;

    /// <param name="connection">Where the volume is.</param>
    /// <param name="find">Looks the volume up.</param>
    /// <param name="store">Where files that it names are looked for.</param>
    /// <exception cref="LibvirtException">The volume cannot be found or described.</exception>
    public LibvirtVolumeFile(LibvirtConnection connection, Func<ConnectHandle, StorageVolHandle> find, FileStore store)
    {
        _connection = connection;
        _find = find;
        _store = store;
        _hold = connection.Hold();
        try
        {
            _volume = connection.Call(Describe, CancellationToken.None);
            _holes = new LibvirtVolumeHoles(_volume, Probe);
        }
        catch
        {
            _hold.Dispose();
            throw;
        }
    }

    public override string Path => $"{_connection.Uri.Text}!{_volume.Path}";

    public override FileStore Store => _store;

    public override string Name => _volume.Path.TrimStart('/');

    public override long Length => _volume.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (buffer.Length == 0)
        {
            return;
        }

        // An attempt that is given up may still be written to, so that each has a buffer of its own, and only that of the last is used again.
        var length = buffer.Length;
        var data = Download(offset, length, (volume, stream, call) => Fill(volume, stream, call, offset, length));
        data.AsSpan(0, length).CopyTo(buffer);
        ArrayPool<byte>.Shared.Return(data);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) => _holes.Extents(offset, length);

    internal override long Allocated() => Math.Min(_volume.Allocation, Length);

    protected override void Dispose(bool disposing)
    {
        _disposal.Cancel();
        _hold.Dispose();
        base.Dispose(disposing);
    }

    private LibvirtVolume Describe(ConnectHandle connect)
    {
        using var volume = _find(connect);
        return LibvirtVolume.Describe(volume, "");
    }

    private byte[] Fill(StorageVolHandle volume, StreamHandle stream, LibvirtCall call, long offset, int length)
    {
        var data = ArrayPool<byte>.Shared.Rent(length);
        var buffer = data.AsSpan(0, length);
        while (buffer.Length > 0)
        {
            call.Answered();
            var received = VirStreamRecvFlags.Call(stream, buffer, Path);
            var isHole = received is null;
            var count = received ?? Math.Min(VirStreamRecvHole.Call(stream, Path), buffer.Length);
            // What begins behind the end of a file that has become shorter, libvirt takes for a hole.
            if (count <= 0 || (isHole && count == length && LibvirtVolume.Describe(volume, Path).Length < offset + length))
            {
                throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{Path}' ends before byte {offset + length}, earlier than when it was opened.")
                {
                    Path = Path,
                    Offset = offset,
                    Advice = "Check that nothing else changes the volume.",
                };
            }

            if (isHole)
            {
                buffer[..(int)count].Clear();
            }

            buffer = buffer[(int)count..];
        }

        // The end has to be seen before a stream can be finished.
        if (VirStreamRecvFlags.Call(stream, new byte[1], Path) == 0)
        {
            VirStreamFinish.Call(stream, Path);
        }

        return data;
    }

    /// <summary>The length of the hole at an offset; 0 when there is data.</summary>
    private long Probe(long offset)
    {
        if (!_isSparse)
        {
            return 0;
        }

        var hole = Download(offset, Length - offset, (_, stream, _) =>
        {
            var found = VirStreamRecvFlags.Call(stream, new byte[1], Path) is null ? VirStreamRecvHole.Call(stream, Path) : 0;
            // What has been sent behind it is thrown away.
            VirStreamAbort.Call(stream);
            return found;
        });
        return Math.Clamp(hole, 0, Length - offset);
    }

    private T Download<T>(long offset, long length, Func<StorageVolHandle, StreamHandle, LibvirtCall, T> receive)
    {
        ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
        try
        {
            return _connection.Call(
                (connect, call) =>
                {
                    using var volume = _find(connect);
                    using var stream = Start(connect, volume, offset, length);
                    try
                    {
                        return receive(volume, stream, call);
                    }
                    catch
                    {
                        VirStreamAbort.Call(stream);
                        throw;
                    }
                },
                _disposal.Token);
        }
        catch (OperationCanceledException)
        {
            throw new ObjectDisposedException(GetType().Name);
        }
        catch (LibvirtException e)
        {
            throw new DiskImageException(V2VError.DiskImageReadFailed, $"'{Path}' cannot be read at byte {offset}: {e.Message}", e)
            {
                Path = Path,
                Offset = offset,
                Advice = e.Advice,
            };
        }
    }

    private StreamHandle Start(ConnectHandle connect, StorageVolHandle volume, long offset, long length)
    {
        var stream = VirStreamNew.Call(connect, Path);
        try
        {
            VirStorageVolDownload.Call(volume, stream, offset, length, _isSparse, Path);
            return stream;
        }
        catch (LibvirtException) when (_isSparse && VirConnectIsAlive.Call(connect))
        {
            // Older daemons and other drivers know no sparse streams. Whatever else is wrong, the next attempt tells.
            stream.Dispose();
            _isSparse = false;
            return Start(connect, volume, offset, length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }
}
