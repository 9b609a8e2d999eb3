using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace V2V.PowerShell.Tests;

/// <summary>
/// A web server with guests that convert with -AsIs. It serves the beginnings and the ends of their disks at once, and of the rest a few bytes a
/// second: who copies them waits.
/// </summary>
internal sealed class SlowServer : IDisposable
{
    private const long DiskLength = 64 << 20;
    private const long Quick = 1 << 20;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly CountdownEvent _read;
    private readonly HashSet<string> _seen = [];
    private int _slowAnswers;

    public SlowServer(int guests)
    {
        _read = new CountdownEvent(guests);
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Guests = [.. Enumerable.Range(1, guests).Select(i => $"http://127.0.0.1:{port}/slow{i}.vmx")];
        new Thread(Accept) { IsBackground = true }.Start();
    }

    /// <summary>URIs of the guests.</summary>
    public string[] Guests { get; }

    /// <summary>Answers that came to their end in the slow part of a disk.</summary>
    public int SlowAnswers => Volatile.Read(ref _slowAnswers);

    /// <summary>Waits until the slow part of every guest's disk is being read.</summary>
    public void WaitUntilAllAreRead() => Assert.True(_read.Wait(TimeSpan.FromSeconds(60)));

    public void Dispose()
    {
        _closed.Cancel();
        _listener.Stop();
    }

    private void Accept()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = _listener.AcceptTcpClient();
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return; // It was closed.
            }

            new Thread(() => Serve(client)) { IsBackground = true }.Start();
        }
    }

    private void Serve(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII);
                while (reader.ReadLine() is { Length: > 0 } request)
                {
                    var path = request.Split(' ')[1][1..];
                    long first = 0, last = long.MaxValue;
                    while (reader.ReadLine() is { Length: > 0 } header)
                    {
                        if (Regex.Match(header, @"^Range: bytes=(\d+)-(\d*)", RegexOptions.IgnoreCase) is { Success: true } range)
                        {
                            first = long.Parse(range.Groups[1].Value, CultureInfo.InvariantCulture);
                            last = range.Groups[2].Length > 0 ? long.Parse(range.Groups[2].Value, CultureInfo.InvariantCulture) : last;
                        }
                    }

                    Answer(stream, path, first, last);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client has gone, or the server has.
        }
    }

    private void Answer(NetworkStream stream, string path, long first, long last)
    {
        var stem = Path.GetFileNameWithoutExtension(path).Replace("-flat", "", StringComparison.Ordinal);
        var text = !path.StartsWith("slow", StringComparison.Ordinal) ? null
            : path.EndsWith(".vmx", StringComparison.Ordinal) ? Tests.Guests.OnSata(Tests.Guests.Vmx(stem, stem))
            : path == $"{stem}.vmdk" ? Tests.Guests.Vmdk(stem, DiskLength)
            : path == $"{stem}-flat.vmdk" ? "" : null;
        if (text is null)
        {
            stream.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8);
            return;
        }

        var length = text.Length > 0 ? text.Length : DiskLength;
        last = Math.Min(last, length - 1);
        stream.Write(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{length}\r\nContent-Length: {last - first + 1}\r\n\r\n")));
        if (text.Length > 0)
        {
            stream.Write(Encoding.ASCII.GetBytes(text[(int)first..(int)(last + 1)]));
            return;
        }

        for (var at = first; at <= last;)
        {
            var isSlow = at is >= Quick and < DiskLength - Quick;
            if (isSlow)
            {
                lock (_seen)
                {
                    if (_seen.Add(stem))
                    {
                        _read.Signal();
                    }
                }

                _closed.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
                _closed.Token.ThrowIfCancellationRequested();
            }

            var count = (int)Math.Min(last + 1 - at, isSlow ? 1 << 10 : at < Quick ? Quick - at : DiskLength - at);
            var data = new byte[count];
            // Something to copy, but nothing that could be taken for a partition table.
            data.AsSpan().Fill(isSlow ? (byte)0x5a : (byte)0);
            stream.Write(data);
            at += count;
            if (isSlow && at > last)
            {
                Interlocked.Increment(ref _slowAnswers);
            }
        }
    }
}
