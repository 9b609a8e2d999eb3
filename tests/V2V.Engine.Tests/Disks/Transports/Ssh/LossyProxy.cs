using System.Net;
using System.Net.Sockets;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

/// <summary>A TCP proxy that behaves as networks do: late, slow, and now and then it drops a connection.</summary>
internal sealed class LossyProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly Queue<long> _drops;
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private long _received;
    private int _connections;

    /// <param name="serverPort">Where it leads to.</param>
    /// <param name="drops">After how many bytes from the server, counted from the last drop, all connections are dropped.</param>
    public LossyProxy(int serverPort, params long[] drops)
    {
        _serverPort = serverPort;
        _drops = new Queue<long>(drops);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How late every byte arrives, in each direction.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The most bytes in a second from the server; 0 is as many as there are.</summary>
    public int BytesPerSecond { get; init; }

    public int Connections => _connections;

    public int DropsLeft => _drops.Count;

    public void Dispose()
    {
        _listener.Dispose();
        Drop();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            Interlocked.Increment(ref _connections);
            var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
            lock (_lock)
            {
                _sockets.AddRange([client, server]);
            }

            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort);
                _ = PumpAsync(client, server, fromServer: false);
                _ = PumpAsync(server, client, fromServer: true);
            }
            catch (SocketException)
            {
                client.Dispose();
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool fromServer)
    {
        var pipe = System.Threading.Channels.Channel.CreateUnbounded<(long At, byte[] Data)>();
        Task sending = SendAsync(pipe.Reader, to);
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var length)
            {
                if (fromServer && CountDrops(length))
                {
                    Drop();
                    break;
                }

                await pipe.Writer.WriteAsync((Environment.TickCount64 + (long)Delay.TotalMilliseconds, buffer[..length]));
                if (fromServer && BytesPerSecond > 0)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)length / BytesPerSecond));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side is gone, and so is the other.
        }

        pipe.Writer.Complete();
        await sending;
        to.Dispose();
    }

    private static async Task SendAsync(System.Threading.Channels.ChannelReader<(long At, byte[] Data)> reader, Socket to)
    {
        try
        {
            await foreach ((long at, byte[] data) in reader.ReadAllAsync())
            {
                if (at - Environment.TickCount64 is > 0 and var wait)
                {
                    await Task.Delay((int)wait);
                }

                for (int sent = 0; sent < data.Length;)
                {
                    sent += await to.SendAsync(data.AsMemory(sent));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Nobody takes it any more.
        }
    }

    private bool CountDrops(int length)
    {
        lock (_lock)
        {
            _received += length;
            if (_drops.Count == 0 || _received < _drops.Peek())
            {
                return false;
            }

            _drops.Dequeue();
            _received = 0;
            return true;
        }
    }

    private void Drop()
    {
        lock (_lock)
        {
            _sockets.ForEach(s => s.Dispose());
            _sockets.Clear();
        }
    }
}
