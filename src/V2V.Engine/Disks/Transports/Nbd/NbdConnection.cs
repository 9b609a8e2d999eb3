using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using static V2V.Engine.Disks.Transports.Nbd.NbdNumbers;

namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>
/// One connection in its transmission phase (doc/proto.md): requests of several threads are under way at once, a thread of its own takes
/// the replies. Only reads and questions for runs are ever sent. Once broken it stays so.
/// </summary>
internal sealed class NbdConnection : IDisposable
{
    private const int RequestSize = 28;

    /// <summary>Bytes of an error's text.</summary>
    private const int MaximumErrorText = 4096;

    /// <summary>Runs told in one reply: qemu-nbd tells 131072 at the most, nbdkit 1048576.</summary>
    private const int MaximumRuns = 1 << 20;

    private const int ReceiveBuffer = 64 << 10;

    private readonly string _path;
    private readonly TimeSpan _timeout;
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly BufferedStream _replies;
    private readonly Lock _sending = new();
    private readonly Dictionary<ulong, NbdRequest> _pending = [];
    private ulong _cookie;
    private Exception? _failure;
    private long _lastReply = Environment.TickCount64;

    private NbdConnection(string path, TimeSpan timeout, Socket socket, Stream stream, NbdExport export)
    {
        _path = path;
        _timeout = timeout;
        _socket = socket;
        _stream = stream;
        _replies = new BufferedStream(stream, ReceiveBuffer);
        Export = export;
        new Thread(Receive) { IsBackground = true, Name = "V2V NBD receiver" }.Start();
    }

    public NbdExport Export { get; }

    /// <summary>Requests under way.</summary>
    public int Pending
    {
        get
        {
            lock (_pending)
            {
                return _pending.Count;
            }
        }
    }

    public bool IsBroken => Volatile.Read(ref _failure) is not null;

    /// <summary>Connects and agrees on the export.</summary>
    /// <param name="target">The server and the export.</param>
    /// <param name="access">What logs in, and how long the server may be silent later.</param>
    /// <param name="patience">How long connecting and agreeing may take.</param>
    /// <returns>Null when the server has no such export.</returns>
    /// <exception cref="IOException">The server cannot be reached, or the connection broke; a later attempt may succeed.</exception>
    /// <exception cref="DiskImageException">The server refuses, or does not keep to the protocol.</exception>
    public static NbdConnection? Open(NbdUri target, RemoteAccess access, TimeSpan patience)
    {
        Socket? socket = null;
        try
        {
            socket = Connect(target, patience);
            socket.SendTimeout = (int)access.Timeout.TotalMilliseconds;
            // Agreeing takes some ten short messages. However slowly they come, it has to end.
            using var deadline = new Timer(static s => ((Socket)s!).Dispose(), socket, patience, System.Threading.Timeout.InfiniteTimeSpan);
            string path = target.PathOf(target.Export);
            Stream stream = new NetworkStream(socket);
            if (new NbdHandshake(stream, target).Negotiate(plain => Encrypt(plain, target, access)) is not var (export, agreed))
            {
                socket.Dispose();
                return null;
            }

            if (!deadline.Change(System.Threading.Timeout.Infinite, System.Threading.Timeout.Infinite) || !socket.Connected)
            {
                throw new IOException("The connection broke while it was being set up.");
            }

            return new NbdConnection(path, access.Timeout, socket, agreed, export);
        }
        catch (Exception e)
        {
            socket?.Dispose();
            // A socket that the deadline closed.
            if (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                throw new IOException(e is SocketException ? e.Message : $"there was no answer within {patience.TotalSeconds:0} seconds.", e);
            }

            throw;
        }
    }

    /// <summary>Has a request served. It is complete afterwards, or has an error of the server's.</summary>
    /// <exception cref="IOException">The connection broke; the request may be made again on another one.</exception>
    /// <exception cref="DiskImageException">The server does not keep to the protocol.</exception>
    public void Execute(NbdRequest request)
    {
        Span<byte> header = stackalloc byte[RequestSize];
        lock (_pending)
        {
            if (_failure is { } earlier)
            {
                throw AsOfRequest(earlier, request.Offset);
            }

            if (_pending.Count == 0)
            {
                Volatile.Write(ref _lastReply, Environment.TickCount64);
            }

            _cookie++;
            request.Write(header, _cookie);
            _pending.Add(_cookie, request);
        }

        try
        {
            lock (_sending)
            {
                _stream.Write(header);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Fail(e as IOException ?? new IOException(e.Message, e));
        }

        while (!request.Wait(_timeout))
        {
            if (Environment.TickCount64 - Volatile.Read(ref _lastReply) >= _timeout.TotalMilliseconds)
            {
                Fail(new IOException($"there was no answer within {_timeout.TotalSeconds:0} seconds."));
            }
        }

        if (request.Failure is { } failure)
        {
            throw AsOfRequest(failure, request.Offset);
        }
    }

    /// <summary>Says goodbye, and ends what is under way.</summary>
    public void Dispose()
    {
        if (!IsBroken)
        {
            Span<byte> header = stackalloc byte[RequestSize];
            new NbdRequest { Command = NbdCommand.Disconnect, Offset = 0, Length = 0 }.Write(header, ulong.MaxValue);
            try
            {
                if (_sending.TryEnter())
                {
                    try
                    {
                        _stream.Write(header);
                    }
                    finally
                    {
                        _sending.Exit();
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // It was broken, and nobody had noticed.
            }
        }

        Fail(new IOException("the file was closed."));
    }

    private static Socket Connect(NbdUri target, TimeSpan timeout)
    {
        using var deadline = new CancellationTokenSource(timeout);
        Socket socket = target.Socket is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true } : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            ValueTask connected = target.Socket is { } path
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(path), deadline.Token)
                : socket.ConnectAsync(target.Host, target.Port, deadline.Token);
            connected.AsTask().GetAwaiter().GetResult();
            return socket;
        }
        catch (ArgumentException e)
        {
            // A path that is too long for a socket.
            socket.Dispose();
            throw new IOException(e.Message, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslStream Encrypt(Stream plain, NbdUri target, RemoteAccess access)
    {
        SslPolicyErrors errors = default;
        bool skipCheck = access.SkipCertificateCheck || target.SkipCertificateCheck;
        var stream = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = target.CertificateName,
                RemoteCertificateValidationCallback = (_, _, _, found) => (errors = found) == SslPolicyErrors.None || skipCheck,
            });
            return stream;
        }
        catch (AuthenticationException e)
        {
            throw TlsFault.Of(target.PathOf(target.Export), "NBD", skipCheck ? SslPolicyErrors.None : errors, e);
        }
    }

    private void Receive()
    {
        try
        {
            while (true)
            {
                ReceiveReply();
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException or AuthenticationException)
        {
            Fail(new IOException(e.Message, e));
        }
#pragma warning disable CA1031 // Whatever it is, it is thrown to those whose requests are under way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
        }
    }

    /// <summary>Takes one reply, or one chunk of one (section "Reply message").</summary>
    private void ReceiveReply()
    {
        Span<byte> header = stackalloc byte[20];
        ReceiveBytes(header[..16]);
        switch (BinaryPrimitives.ReadUInt32BigEndian(header))
        {
            case SimpleReplyMagic:
                ReceiveSimpleReply(BinaryPrimitives.ReadUInt32BigEndian(header[4..]), BinaryPrimitives.ReadUInt64BigEndian(header[8..]));
                break;
            case StructuredReplyMagic when Export.IsStructured:
                ReceiveBytes(header[16..]);
                ReceiveChunk(
                    (BinaryPrimitives.ReadUInt16BigEndian(header[4..]) & Done) != 0,
                    (NbdChunk)BinaryPrimitives.ReadUInt16BigEndian(header[6..]),
                    BinaryPrimitives.ReadUInt64BigEndian(header[8..]),
                    BinaryPrimitives.ReadUInt32BigEndian(header[16..]));
                break;
            default:
                throw NbdFault.Protocol(_path, "what should be a reply is none");
        }
    }

    private void ReceiveSimpleReply(uint error, ulong cookie)
    {
        NbdRequest request = Find(cookie);
        if (error != 0)
        {
            request.SetError(error, "");
        }
        else if (Export.IsStructured)
        {
            throw NbdFault.Protocol(_path, "its reply is a simple one, though structured ones were agreed on");
        }
        else
        {
            ReceiveBytes(request.Place((ulong)request.Offset, request.Length)!.Value.Span);
        }

        End(cookie, request);
    }

    private void ReceiveChunk(bool isLast, NbdChunk type, ulong cookie, uint length)
    {
        NbdRequest request = Find(cookie);
        switch (type)
        {
            case NbdChunk.None when length == 0 && isLast:
                break;
            case NbdChunk.OffsetData when length > 8:
                Span<byte> offset = stackalloc byte[8];
                ReceiveBytes(offset);
                ReceiveBytes(Place(request, BinaryPrimitives.ReadUInt64BigEndian(offset), length - 8).Span);
                break;
            case NbdChunk.OffsetHole when length == 12:
                Span<byte> hole = stackalloc byte[12];
                ReceiveBytes(hole);
                Place(request, BinaryPrimitives.ReadUInt64BigEndian(hole), BinaryPrimitives.ReadUInt32BigEndian(hole[8..])).Span.Clear();
                break;
            case NbdChunk.BlockStatus when length >= 12 && length % 8 == 4 && length / 8 <= MaximumRuns && request.Command == NbdCommand.BlockStatus:
                ReceiveRuns(request, (int)length);
                break;
            case >= NbdChunk.FirstError when length is >= 6 and <= MaximumErrorText + 14:
                ReceiveError(request, (int)length);
                break;
            default:
                throw NbdFault.Protocol(_path, $"a chunk of type {(ushort)type} and {length} bytes is none that it could send");
        }

        if (isLast)
        {
            if (request.Error == 0 && !request.IsWhole)
            {
                throw NbdFault.Protocol(_path, "a reply lacks bytes that were asked for");
            }

            End(cookie, request);
        }
    }

    private void ReceiveRuns(NbdRequest request, int length)
    {
        byte[] data = new byte[length];
        ReceiveBytes(data);
        if (BinaryPrimitives.ReadUInt32BigEndian(data) != Export.AllocationContext || request.Runs.Count > 0)
        {
            throw NbdFault.Protocol(_path, "it tells of metadata that was not asked for");
        }

        for (int i = 4; i < length; i += 8)
        {
            request.Runs.Add((BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(i)), BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(i + 4))));
        }
    }

    private void ReceiveError(NbdRequest request, int length)
    {
        byte[] data = new byte[length];
        ReceiveBytes(data);
        uint error = BinaryPrimitives.ReadUInt32BigEndian(data);
        int textLength = BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(4));
        if (error == 0 || textLength > length - 6)
        {
            throw NbdFault.Protocol(_path, "an error that it reports is none");
        }

        request.SetError(error, ServerText.Clean(data.AsSpan(6, textLength)));
    }

    private NbdRequest Find(ulong cookie)
    {
        lock (_pending)
        {
            return _pending.TryGetValue(cookie, out NbdRequest? request) ? request : throw NbdFault.Protocol(_path, "it replies to what was not asked");
        }
    }

    private Memory<byte> Place(NbdRequest request, ulong offset, uint length) =>
        request.Place(offset, length) ?? throw NbdFault.Protocol(_path, $"{length} bytes at {offset} were not asked for, or have come already");

    private void End(ulong cookie, NbdRequest request)
    {
        lock (_pending)
        {
            _pending.Remove(cookie);
        }

        request.End();
    }

    private void ReceiveBytes(Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int read = _replies.Read(buffer);
            if (read == 0)
            {
                throw new EndOfStreamException("the server closed the connection.");
            }

            buffer = buffer[read..];
            Volatile.Write(ref _lastReply, Environment.TickCount64);
        }
    }

    /// <summary>Ends everything that is under way, once.</summary>
    private void Fail(Exception failure)
    {
        NbdRequest[] pending;
        lock (_pending)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
            pending = [.. _pending.Values];
            _pending.Clear();
        }

        _socket.Dispose();
        foreach (NbdRequest request in pending)
        {
            request.End(failure);
        }
    }

    /// <summary>The failure of a connection as one of a request: each of those under way gets an exception of its own.</summary>
    private Exception AsOfRequest(Exception failure, long offset) => failure switch
    {
        DiskImageException => NbdFault.ReadFailed(_path, offset, failure.Message, failure),
        IOException => new IOException(failure.Message, failure),
        _ => new InvalidOperationException($"A reply of the NBD server of '{_path}' was not understood.", failure),
    };
}
