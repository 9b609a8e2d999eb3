using Renci.SshNet;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// An account on a host, with the connection that all files read there share. Who reads holds a reference; some seconds after the last
/// one is given back the connection is closed. A connection that is lost is made again, and the request repeated.
/// </summary>
internal sealed class SshHost
{
    /// <summary>A descriptor and then its disks are opened one after the other: the connection is kept that long for the next.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(3);

    /// <summary>Also what keeps routers from forgetting a connection over which nothing is read for a while.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private static readonly Lock PoolLock = new();
    private static readonly Dictionary<(SshAddress Address, RemoteAccess Access), SshHost> Pool = [];

    private readonly Lock _lock = new();
    private SshLink? _link;
    private bool _wasConnected;
    private Exception? _givenUp;
    private int _references;
    private int _timesUnused;

    private SshHost(SshAddress address, RemoteAccess access)
    {
        Address = address;
        Access = access;
    }

    public SshAddress Address { get; }

    public RemoteAccess Access { get; }

    /// <summary>Takes a reference. Connects not yet.</summary>
    public static SshHost Acquire(SshAddress address, RemoteAccess access)
    {
        lock (PoolLock)
        {
            if (!Pool.TryGetValue((address, access), out SshHost? host))
            {
                Pool[(address, access)] = host = new SshHost(address, access);
            }

            host._references++;
            return host;
        }
    }

    /// <summary>Gives a reference back.</summary>
    public void Release()
    {
        lock (PoolLock)
        {
            if (--_references == 0)
            {
                _ = CloseUnusedAsync(++_timesUnused);
            }
        }
    }

    /// <summary>Makes a request, over a new connection again if the one at hand is lost.</summary>
    /// <param name="request">The request, which may be made several times.</param>
    /// <param name="ended">Ends it: nobody wants the answer any more.</param>
    /// <exception cref="DiskImageException">The host cannot be reached, refuses the login, or is not the one that it was.</exception>
    /// <exception cref="Renci.SshNet.Common.SftpException">The server refused the request itself.</exception>
    public T Run<T>(Func<SshLink, T> request, CancellationToken ended = default)
    {
        // A server that is there but ends at every request would otherwise be asked without rest.
        var pauses = new RetryPauses(Access.Timeout);
        while (true)
        {
            SshLink link = Enter();
            try
            {
                return request(link);
            }
            catch (Exception e) when (SshFault.IsLost(e))
            {
                Forget(link);
                if (!pauses.Next(ended))
                {
                    throw SshFault.Unavailable(Address, e, wasLost: true);
                }
            }
            finally
            {
                link.Leave();
            }
        }
    }

    private SshLink Enter()
    {
        lock (_lock)
        {
            while (true)
            {
                if (_givenUp is not null)
                {
                    throw SshFault.Unavailable(Address, _givenUp, wasLost: true);
                }

                _link ??= _wasConnected ? Reconnect() : Connect();
                if (_link.TryEnter())
                {
                    return _link;
                }

                _link = null;
            }
        }
    }

    private void Forget(SshLink link)
    {
        lock (_lock)
        {
            if (_link == link)
            {
                _link = null;
            }
        }

        link.End();
    }

    private SshLink Connect()
    {
        SftpClient sftp = SshConnector.Connect(Address, Access, info => new SftpClient(info)
        {
            OperationTimeout = Access.Timeout,
            BufferSize = SftpHandles.ChunkSize + SftpHandles.ChunkOverhead,
            KeepAliveInterval = KeepAlive,
        });
        _wasConnected = true;
        return new SshLink(sftp, () => SshConnector.Connect(Address, Access, info => new SshClient(info) { KeepAliveInterval = KeepAlive }));
    }

    /// <summary>Runs while others wait for the lock: they would only knock at the same door.</summary>
    private SshLink Reconnect()
    {
        var pauses = new RetryPauses(Access.Timeout);
        while (true)
        {
            try
            {
                return Connect();
            }
            catch (DiskImageException e) when (e.Error == V2VError.RemoteUnavailable)
            {
                if (!pauses.Next(CancellationToken.None))
                {
                    // Who opens a file later begins anew.
                    _givenUp = e.InnerException ?? e;
                    LeavePool();
                    throw SshFault.Unavailable(Address, _givenUp, wasLost: true);
                }
            }
        }
    }

    private async Task CloseUnusedAsync(int time)
    {
        await Task.Delay(Linger).ConfigureAwait(false);
        lock (PoolLock)
        {
            // It was used again, and may be unused again for a shorter while.
            if (_references > 0 || time != _timesUnused)
            {
                return;
            }

            LeavePool();
        }

        _link?.End();
    }

    private void LeavePool()
    {
        lock (PoolLock)
        {
            if (Pool.GetValueOrDefault((Address, Access)) == this)
            {
                Pool.Remove((Address, Access));
            }
        }
    }
}
