using V2V.Engine.Disks.Transports;
using V2V.Engine.Native.Libvirt;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// A connection to libvirt, open while somebody holds it. It is opened when it is first needed, and anew when it was lost.
/// </summary>
internal sealed class LibvirtConnection(LibvirtUri uri, RemoteAccess access)
{
    /// <summary>How often in one call the other side may be silent for as long as it may.</summary>
    private const int MaximumSilences = 3;

    private readonly Lock _opening = new();
    private ConnectHandle? _handle;
    private bool _wasOpen;
    private int _holders;

    public LibvirtUri Uri => uri;

    public RemoteAccess Access => access;

    /// <summary>Whether the other side could be reached at the last call.</summary>
    public bool IsAlive => IsUsable(_handle);

    /// <summary>Keeps the connection open until what is returned is disposed.</summary>
    public IDisposable Hold()
    {
        Interlocked.Increment(ref _holders);
        return new Holder(this);
    }

    /// <summary>Makes a call over the connection, again if the connection was lost meanwhile.</summary>
    /// <param name="call">What is called. It runs on a thread of its own, and may run several times.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="LibvirtException">libvirt cannot be reached, or refuses.</exception>
    public T Call<T>(Func<ConnectHandle, LibvirtCall, T> call, CancellationToken cancellation)
    {
        var pauses = new RetryPauses(access.Timeout);
        for (var silences = 0; ;)
        {
            ConnectHandle? handle = null;
            try
            {
                handle = Open(cancellation);
                return LibvirtCall.Run(c => call(handle, c), access.Timeout, cancellation);
            }
            catch (TimeoutException) when (_wasOpen && ++silences < MaximumSilences)
            {
                Drop(handle);
            }
            catch (TimeoutException)
            {
                Drop(handle);
                throw Silent();
            }
            catch (Exception e) when (IsLoss(e, handle) && pauses.Next(cancellation))
            {
                Drop(handle);
            }
            catch (ObjectDisposedException)
            {
                throw Silent();
            }
        }
    }

    /// <inheritdoc cref="Call{T}(Func{ConnectHandle, LibvirtCall, T}, CancellationToken)"/>
    public T Call<T>(Func<ConnectHandle, T> call, CancellationToken cancellation) => Call((handle, _) => call(handle), cancellation);

    /// <summary>Whether a call failed for want of the connection, which another thread may have found out first, and closed it.</summary>
    private bool IsLoss(Exception failure, ConnectHandle? handle) =>
        _wasOpen && failure is LibvirtException or ObjectDisposedException && !IsUsable(handle);

    private static bool IsUsable(ConnectHandle? handle)
    {
        try
        {
            return handle is not null && VirConnectIsAlive.Call(handle);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private ConnectHandle Open(CancellationToken cancellation)
    {
        lock (_opening)
        {
            if (_handle is { } open)
            {
                return open;
            }

            var credentials = new LibvirtCredentials(uri, access);
            var handle = LibvirtCall.Run(_ => credentials.Open(), access.Timeout, cancellation);
            _wasOpen = true;
            return _handle = handle;
        }
    }

    private void Drop(ConnectHandle? lost)
    {
        if (lost is not null && Interlocked.CompareExchange(ref _handle, null, lost) == lost)
        {
            Close(lost);
        }
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0 && Interlocked.Exchange(ref _handle, null) is { } handle)
        {
            Close(handle);
        }
    }

    /// <summary>Closing says goodbye, for which a host that hangs lets one wait.</summary>
    private static void Close(ConnectHandle handle) =>
        _ = Task.Factory.StartNew(handle.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private LibvirtException Silent() =>
        new(V2VError.RemoteUnavailable, $"libvirt at {uri.Text} has not answered for {access.Timeout.TotalSeconds:0.#} seconds.")
        {
            Path = uri.Text,
            Advice = "Check that the libvirt daemon runs there, and that the host can be reached.",
        };

    private sealed class Holder(LibvirtConnection connection) : IDisposable
    {
        private LibvirtConnection? _connection = connection;

        public void Dispose() => Interlocked.Exchange(ref _connection, null)?.Release();
    }
}
