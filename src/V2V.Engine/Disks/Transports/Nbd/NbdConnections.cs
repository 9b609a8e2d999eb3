namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>The connections to one export: one, or several when the server says that it makes no difference.</summary>
internal sealed class NbdConnections : IDisposable
{
    /// <summary>What nbdcopy uses too.</summary>
    private const int Maximum = 4;

    private readonly NbdUri _target;
    private readonly RemoteAccess _access;
    private readonly int _maximum;
    private readonly object _lock = new();
    private readonly List<NbdConnection> _open = [];
    private int _opening;
    private bool _isDisposed;

    public NbdConnections(NbdUri target, RemoteAccess access, NbdConnection first)
    {
        _target = target;
        _access = access;
        _maximum = first.Export.CanMultiConnect ? Maximum : 1;
        _open.Add(first);
    }

    /// <summary>The connection that has the least to do; a new one when all are busy and more are allowed.</summary>
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
                bool mayOpen = _open.Count + _opening < _maximum;
                NbdConnection? idlest = _open.MinBy(c => c.Pending);
                if (idlest is not null && (!mayOpen || idlest.Pending == 0))
                {
                    return idlest;
                }

                if (mayOpen)
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
            connection = NbdConnection.Open(_target, _access)
                ?? throw NbdFault.Refused(V2VError.DiskImageReadFailed, _target.PathOf(_target.Export), "no longer has the export", "Check the server and what it logs.");
        }
        finally
        {
            lock (_lock)
            {
                _opening--;
                if (connection is not null && !_isDisposed)
                {
                    _open.Add(connection);
                }

                Monitor.PulseAll(_lock);
            }
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
}
