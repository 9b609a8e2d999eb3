using System.Buffers;
using System.Globalization;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>A file or block device on an SSH host. A lost connection is made again, as long as the file is still the one that was opened.</summary>
internal sealed class SftpFile : DiskFile
{
    /// <summary>Reading a smaller file takes no longer than asking for its holes.</summary>
    private const long MinimumForMap = 32 << 20;

    private readonly SshHost _host;
    private readonly FileStore _store;
    private readonly string _serverPath;
    private readonly bool _isDevice;
    private readonly DateTime _changed;
    private readonly Lazy<DataMap?> _map;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private SftpHandles _handles;

    // Those who read, and the file itself until it is disposed. The last one closes.
    private int _users = 1;
    private bool _isDisposed;

    private SftpFile(SshHost host, FileStore store, string name, string serverPath, SftpFileAttributes attributes, SftpHandles handles, long length)
    {
        _host = host;
        _store = store;
        _serverPath = serverPath;
        _isDevice = attributes.IsBlockDevice;
        _changed = attributes.LastWriteTimeUtc;
        _handles = handles;
        _map = new Lazy<DataMap?>(AskForMap);
        Name = name;
        Path = store.PathOf(name);
        Length = length;
    }

    public override string Path { get; }

    public override FileStore Store => _store;

    public override string Name { get; }

    public override long Length { get; }

    internal override string? Version => _isDevice ? null : $"{Path} {Length} {_changed:O}";

    /// <summary>Opens a file; null when there is none. The file takes over one reference to the host.</summary>
    /// <exception cref="DiskImageException">The host cannot be reached, or what the name stands for cannot be read.</exception>
    public static SftpFile? Open(SshHost host, FileStore store, string name, string serverPath)
    {
        string uri = store.PathOf(name);
        try
        {
            return host.Run(link =>
            {
                SftpFileAttributes attributes = link.Sftp.GetAttributes(serverPath);
                // A pipe would make the server wait, a folder has no bytes.
                if (!attributes.IsRegularFile && !attributes.IsBlockDevice)
                {
                    throw SshFault.ReadFailed(uri, "is neither a file nor a block device", null);
                }

                long? length = attributes.IsBlockDevice ? DeviceLength(host, link, serverPath, uri) : null;
                var handles = new SftpHandles(link, serverPath);
                return new SftpFile(host, store, name, serverPath, attributes, handles, length ?? handles.Length);
            });
        }
        catch (SftpPathNotFoundException)
        {
            return null;
        }
        catch (SftpException e)
        {
            throw SshFault.ReadFailed(uri, "cannot be opened", e);
        }
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        if (buffer.IsEmpty)
        {
            return;
        }

        Enter();
        byte[] rented = ArrayPool<byte>.Shared.Rent(buffer.Length);
        try
        {
            Memory<byte> target = rented.AsMemory(0, buffer.Length);
            _host.Run(link =>
            {
                HandlesOver(link).Read(offset, target, _ended.Token);
                return true;
            }, _ended.Token);
            target.Span.CopyTo(buffer);
        }
        catch (Exception e) when (e is SftpException or EndOfStreamException)
        {
            throw SshFault.ReadFailed(Path, $"cannot be read at byte {offset}", e, offset);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
            Leave();
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length) =>
        _map.Value is { } map ? map.Extents(offset, length) : base.Extents(offset, length);

    /// <summary>Ends the reads that are under way, with an exception to those who wait for them, and does not wait for their end.</summary>
    protected override void Dispose(bool disposing)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _ended.Cancel();
        Leave();
        base.Dispose(disposing);
    }

    private void Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _users++;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_users > 0)
            {
                return;
            }
        }

        _handles.Dispose();
        _ended.Dispose();
        _host.Release();
    }

    /// <summary>The handles over this connection, opened again when the connection is a new one.</summary>
    private SftpHandles HandlesOver(SshLink link)
    {
        lock (_lock)
        {
            if (_handles.Link != link)
            {
                SftpFileAttributes now = link.Sftp.GetAttributes(_serverPath);
                var handles = new SftpHandles(link, _serverPath);
                if (now.IsBlockDevice != _isDevice || (!_isDevice && (handles.Length != Length || now.LastWriteTimeUtc != _changed)))
                {
                    handles.Dispose();
                    throw new DiskImageException(
                        V2VError.DiskImageReadFailed, $"'{Path}' was changed while the connection to it was lost: what was read before does not fit any more.")
                    {
                        Path = Path,
                        Advice = "Shut the guest down, and start again.",
                    };
                }

                _handles = handles;
            }

            return _handles;
        }
    }

    private DataMap? AskForMap() => _isDevice || Length < MinimumForMap ? null : _host.Run(link => DataMap.Ask(link, _serverPath, Length));

    /// <summary>SFTP states the size of a device as 0, so the host is asked by a command.</summary>
    private static long DeviceLength(SshHost host, SshLink link, string serverPath, string uri)
    {
        string script = $"PATH=$PATH:/sbin:/usr/sbin blockdev --getsize64 {RemoteShell.Quote(serverPath)}\n";
        string? answer = RemoteShell.Run(link, script, 100, host.Access.Timeout)?.Trim();
        return long.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
            ? length
            : throw new DiskImageException(
                V2VError.DiskImageUnsupported, $"'{uri}' is a block device, and the host does not tell its size (blockdev --getsize64).")
            {
                Path = uri,
                Advice = "Log in as a user who may run blockdev there, or copy the device into a file first.",
            };
    }
}
