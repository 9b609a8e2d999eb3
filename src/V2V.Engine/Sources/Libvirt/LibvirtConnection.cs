using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// A connection to libvirt, open while somebody holds it. It is opened when it is first needed, and anew when it was lost.
/// </summary>
internal sealed class LibvirtConnection(LibvirtUri uri, RemoteAccess access)
{
    /// <summary>How often a call is made in all, when the connection is lost each time.</summary>
    private const int MaximumAttempts = 6;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private ConnectHandle? _handle;
    private bool _wasOpen;
    private int _holders;

    public LibvirtUri Uri => uri;

    public RemoteAccess Access => access;

    /// <summary>Whether the other side could be reached at the last call.</summary>
    public bool IsAlive => _handle is { } handle && VirConnectIsAlive.Call(handle);

    /// <summary>Keeps the connection open until what is returned is disposed.</summary>
    public IDisposable Hold()
    {
        lock (_lock)
        {
            _holders++;
        }

        return new Holder(this);
    }

    /// <summary>Makes a call over the connection, again if the connection was lost meanwhile.</summary>
    /// <param name="call">What is called. It runs on a thread of its own, and may run several times.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="LibvirtException">libvirt cannot be reached, or refuses.</exception>
    public T Call<T>(Func<ConnectHandle, LibvirtCall, T> call, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            ConnectHandle? handle = null;
            try
            {
                handle = Open(cancellation);
                return LibvirtCall.Run(c => call(handle, c), access.Timeout, cancellation);
            }
            catch (TimeoutException)
            {
                Drop(handle);
                if (attempt == MaximumAttempts || !_wasOpen)
                {
                    throw Silent();
                }
            }
            catch (LibvirtException) when (_wasOpen && attempt < MaximumAttempts && (handle is null || !VirConnectIsAlive.Call(handle)))
            {
                Drop(handle);
            }

            if (cancellation.WaitHandle.WaitOne(FirstPause * (1 << (attempt - 1))))
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    /// <inheritdoc cref="Call{T}(Func{ConnectHandle, LibvirtCall, T}, CancellationToken)"/>
    public T Call<T>(Func<ConnectHandle, T> call, CancellationToken cancellation) => Call((handle, _) => call(handle), cancellation);

    private ConnectHandle Open(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_handle is null)
            {
                var credentials = new LibvirtCredentials(uri, access);
                _handle = LibvirtCall.Run(_ => credentials.Open(), access.Timeout, cancellation);
                _wasOpen = true;
            }

            return _handle;
        }
    }

    private void Drop(ConnectHandle? lost)
    {
        lock (_lock)
        {
            if (lost is not null && ReferenceEquals(_handle, lost))
            {
                Close();
            }
        }
    }

    /// <summary>Closing says goodbye, for which a host that hangs lets one wait.</summary>
    private void Close()
    {
        if (Interlocked.Exchange(ref _handle, null) is { } handle)
        {
            _ = Task.Factory.StartNew(handle.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private LibvirtException Silent() =>
        new(V2VError.LibvirtFailed, $"libvirt at {uri.Text} has not answered for {access.Timeout.TotalSeconds:0} seconds.")
        {
            Path = uri.Text,
            Advice = "Check that the libvirt daemon runs there, and that the host can be reached.",
        };

    private void Release()
    {
        lock (_lock)
        {
            if (--_holders == 0)
            {
                Close();
            }
        }
    }

    private sealed class Holder(LibvirtConnection connection) : IDisposable
    {
        private LibvirtConnection? _connection = connection;

        public void Dispose() => Interlocked.Exchange(ref _connection, null)?.Release();
    }
}
