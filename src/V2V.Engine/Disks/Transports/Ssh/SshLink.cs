using Renci.SshNet;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>
/// One connection to a host, shared by all files that are read from it. A lost one is given up only when its last request has ended,
/// since the library does not bear being closed under a request.
/// </summary>
internal sealed class SshLink(SftpClient sftp, Func<SshClient> openShell)
{
    private readonly Lock _lock = new();
    private SshClient? _shell;
    private int _requests;
    private bool _ended;

    public SftpClient Sftp => sftp;

    /// <summary>The connection for commands, made when the first one is run: the library has no channel of both kinds on one connection.</summary>
    public SshClient Shell()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            return _shell ??= openShell();
        }
    }

    /// <summary>Begins a request; false when the connection was given up.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }

            _requests++;
            return true;
        }
    }

    public void Leave()
    {
        bool last;
        lock (_lock)
        {
            last = --_requests == 0 && _ended;
        }

        if (last)
        {
            Close();
        }
    }

    /// <summary>Lets no further request begin, and closes the connection with the last one.</summary>
    public void End()
    {
        bool last;
        lock (_lock)
        {
            last = !_ended && _requests == 0;
            _ended = true;
        }

        if (last)
        {
            Close();
        }
    }

    private void Close()
    {
        try
        {
            _shell?.Dispose();
            sftp.Dispose();
        }
        catch (Exception e) when (SshFault.IsLost(e))
        {
            // It was lost: there is nobody to say goodbye to.
        }
    }
}
