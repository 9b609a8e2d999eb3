namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>The connections to one export: one, or several when the server says that it makes no difference.</summary>
internal sealed class NbdConnections : IDisposable
{
    /// <summary>What nbdcopy uses too.</summary>
    private const int Maximum = 4;

    /// <summary>
    /// How long another connection may take. Some servers say that several make no difference and serve one at a time (qemu-nbd without
    /// --shared): the next would be answered when the first is closed.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly NbdUri _target;
    private readonly RemoteAccess _access;
    private readonly object _lock = new();
    private readonly List<NbdConnection> _open = [];
    private int _maximum;
    private int _opening;
    private bool _isDisposed;

    public NbdConnections(NbdUri target, RemoteAccess access, NbdConnection first)
    {
        _target = target;
        _access = access;
        _maximum = first.Export.CanMultiConnect ? Maximum : 1;
        _open.Add(first);
    }

    /// <summary>The connection that has the least to do. When all are busy and more are allowed, another is made meanwhile.</summary>
    /// <exception cref="IOException">None can be had now.</exception>
    /// <exception cref="DiskImageException">The server refuses.</exception>
    public NbdConnection Take()
    {
        lock (_lock)
        {
            while (true)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                _open.RemoveAll(c => c.IsBroken);
                if (_open.MinBy(c => c.Pending) is { } idlest)
                {
                    if (idlest.Pending > 0 && _open.Count + _opening < _maximum)
                    {
                        _opening++;
                        new Thread(OpenAnother) { IsBackground = true, Name = "V2V NBD connection" }.Start();
                    }

                    return idlest;
                }

                if (_opening == 0)
                {
                    _opening++;
                    break;
                }

                // Another thread is about to have one.
                Monitor.Wait(_lock);
            }
        }

        NbdConnection? connection = null;
        try
        {
            connection = NbdConnection.Open(_target, _access, _access.Timeout)
                ?? throw NbdFault.Refused(V2VError.DiskImageReadFailed, _target.PathOf(_target.Export), "no longer has the export", "Check the server and what it logs.");
        }
        finally
        {
            Opened(connection);
        }

        return connection;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _open.ForEach(c => c.Dispose());
            _open.Clear();
            Monitor.PulseAll(_lock);
        }
    }

    private void OpenAnother()
    {
        NbdConnection? connection = null;
        try
        {
            connection = NbdConnection.Open(_target, _access, Patience < _access.Timeout ? Patience : _access.Timeout);
        }
        catch (Exception e) when (e is IOException or V2VException)
        {
            // Those that there are do the work.
        }
        finally
        {
            if (connection is null)
            {
                lock (_lock)
                {
                    _maximum = Math.Max(1, _open.Count);
                }
            }

            Opened(connection);
        }
    }

    private void Opened(NbdConnection? connection)
    {
        lock (_lock)
        {
            _opening--;
            if (_isDisposed)
            {
                connection?.Dispose();
            }
            else if (connection is not null)
            {
                _open.Add(connection);
            }

            Monitor.PulseAll(_lock);
        }
    }
}
