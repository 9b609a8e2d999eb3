using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Nbd;

/// <summary>A server that answers as a good one does, but for some bytes. Whatever comes of it ends soon, and in the engine's exception if at all.</summary>
public sealed class NbdHostileServerTests
{
    private const int Length = 1 << 20;

    [Fact]
    public void Wrong_answers_end_soon_in_a_refusal()
    {
        int refused = 0;
        // Most of the time is spent waiting for what does not come.
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, seed =>
        {
            using var server = new Server(new Random(seed));
            long started = Stopwatch.GetTimestamp();
            try
            {
                using DiskFile file = RemoteFiles.Locate($"nbd://127.0.0.1:{server.Port}/disk", new RemoteAccess { Timeout = TimeSpan.FromMilliseconds(100) }).Open();
                foreach (var extent in file.Extents(0, Math.Min(file.Length, Length)))
                {
                    Assert.InRange(extent.Length, 1, file.Length);
                }

                file.Read(0, new byte[(int)Math.Min(file.Length, 5000)]);
                file.Read(file.Length / 2, new byte[(int)Math.Min(file.Length / 2, 200_000)]);
            }
            catch (V2VException)
            {
                Interlocked.Increment(ref refused);
            }

            Watchdog.Check(started, $"case {seed}");
        });

        Assert.InRange(refused, 60, 200);
    }

    /// <summary>Serves zeros. The first bytes that it sends on each connection are right up to a place where some are replaced.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Random _random;

        public Server(Random random)
        {
            _random = random;
            _listener.Start();
            new Thread(Accept) { IsBackground = true }.Start();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private void Accept()
        {
            try
            {
                while (true)
                {
                    TcpClient client = _listener.AcceptTcpClient();
                    int seed = _random.Next();
                    new Thread(() => Serve(client, new Random(seed))) { IsBackground = true }.Start();
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // The case is over.
            }
        }

        private static void Serve(TcpClient client, Random random)
        {
            try
            {
                using (client)
                {
                    var stream = new DamagingStream(client.GetStream(), random);
                    stream.Send(Number(0x4E42444D41474943, 8), Number(0x49484156454F5054, 8), Number(3, 2));
                    stream.Skip(4);
                    while (Negotiate(stream))
                    {
                    }

                    while (true)
                    {
                        byte[] request = stream.Receive(28);
                        byte[] cookie = request[8..16];
                        uint length = BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(24));
                        if (request[7] == 2)
                        {
                            return;
                        }

                        if (request[7] == 7)
                        {
                            stream.Send(Number(0x668E33EF, 4), Number(1, 2), Number(5, 2), cookie, Number(20, 4), Number(7, 4), Number(length / 2, 4), Number(3, 4), Number(length - length / 2, 4), Number(0, 4));
                            continue;
                        }

                        stream.Send(Number(0x668E33EF, 4), Number(0, 2), Number(1, 2), cookie, Number(8 + length / 2, 4), request[16..24], new byte[length / 2]);
                        ulong rest = BinaryPrimitives.ReadUInt64BigEndian(request.AsSpan(16)) + length / 2;
                        stream.Send(Number(0x668E33EF, 4), Number(1, 2), Number(2, 2), cookie, Number(12, 4), Number(rest, 8), Number(length - length / 2, 4));
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException or InvalidOperationException)
            {
                // The client has had enough.
            }
        }

        private static bool Negotiate(DamagingStream stream)
        {
            byte[] option = stream.Receive(16);
            stream.Skip(BinaryPrimitives.ReadInt32BigEndian(option.AsSpan(12)));
            byte[] code = option[8..12];
            byte[][] reply = [Number(0x3E889045565A9, 8), code];
            switch (code[3])
            {
                case 10:
                    byte[] context = [.. Number(7, 4), .. Encoding.ASCII.GetBytes("base:allocation")];
                    stream.Send([.. reply, Number(4, 4), Number((ulong)context.Length, 4), context]);
                    break;
                case 7:
                    stream.Send([.. reply, Number(3, 4), Number(12, 4), Number(0, 2), Number(Length, 8), Number(0x103, 2)]);
                    stream.Send([.. reply, Number(3, 4), Number(14, 4), Number(3, 2), Number(512, 4), Number(4096, 4), Number(1 << 20, 4)]);
                    break;
            }

            stream.Send([.. reply, Number(1, 4), Number(0, 4)]);
            return code[3] != 7;
        }

        private static byte[] Number(ulong value, int size)
        {
            byte[] bytes = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            return bytes[(8 - size)..];
        }
    }

    /// <summary>What is sent through it is changed in one place, which lies among the first messages.</summary>
    private sealed class DamagingStream(NetworkStream stream, Random random)
    {
        private static readonly byte[] s_extremes = [0, 1, 2, 0x7F, 0x80, 0xFF];

        private readonly int _first = random.Next(420);
        private readonly int _count = random.Next(1, 9);
        private readonly bool _endsThere = random.Next(10) == 0;
        private readonly byte _value = s_extremes[random.Next(s_extremes.Length)];
        private long _sent;

        public void Send(params byte[][] parts)
        {
            byte[] bytes = [.. parts.SelectMany(p => p)];
            for (int i = 0; i < bytes.Length; i++)
            {
                if (_sent + i >= _first && _sent + i < _first + _count)
                {
                    if (_endsThere)
                    {
                        stream.Write(bytes, 0, i);
                        throw new IOException("as planned");
                    }

                    bytes[i] = _value;
                }
            }

            stream.Write(bytes);
            _sent += bytes.Length;
        }

        public byte[] Receive(int count)
        {
            byte[] bytes = new byte[count];
            stream.ReadExactly(bytes);
            return bytes;
        }

        public void Skip(int count) => Receive(count);
    }
}
