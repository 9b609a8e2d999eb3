using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace V2V.Engine.Tests.Disks.Transports.Http;

/// <param name="Method">"GET".</param>
/// <param name="Target">Path and query as they were sent.</param>
/// <param name="Headers">By their names in any case.</param>
internal sealed record HttpTestRequest(string Method, string Target, Dictionary<string, string> Headers)
{
    public long First => Range(0);

    public long Last => Range(1);

    private long Range(int part) => long.Parse(Headers["Range"]["bytes=".Length..].Split('-')[part], CultureInfo.InvariantCulture);
}

/// <param name="Status">"206 Partial Content".</param>
/// <param name="Body">What is sent after the headers.</param>
/// <param name="Headers">As they are sent, besides Content-Length.</param>
internal sealed record HttpTestAnswer(string Status, byte[] Body, params string[] Headers)
{
    /// <summary>The connection is reset after so many bytes of the body.</summary>
    public int? ResetAfter { get; init; }

    /// <summary>The connection is closed after so many bytes of the body.</summary>
    public int? CloseAfter { get; init; }

    /// <summary>Nothing is sent after so many bytes of the body, and the connection stays open.</summary>
    public int? StallAfter { get; init; }

    public static HttpTestAnswer Error(string status, params string[] headers) => new(status, Encoding.ASCII.GetBytes("<p>No.</p>"), headers);

    /// <summary>What a good server sends of a file.</summary>
    public static HttpTestAnswer Part(byte[] content, HttpTestRequest request, params string[] headers)
    {
        long last = Math.Min(request.Last, content.Length - 1);
        return new HttpTestAnswer("206 Partial Content", content[(int)request.First..(int)(last + 1)], [.. headers, $"Content-Range: bytes {request.First}-{last}/{content.Length}"]);
    }
}

/// <summary>A small HTTP server that answers as the test says, also wrongly.</summary>
internal sealed class HttpTestServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? _certificate;
    private readonly Func<HttpTestRequest, HttpTestAnswer> _answer;

    public HttpTestServer(Func<HttpTestRequest, HttpTestAnswer> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public ConcurrentQueue<HttpTestRequest> Requests { get; } = [];

    /// <summary>Called with the bytes of each answer's head before they are sent.</summary>
    public Action<byte[]>? Damage { get; init; }

    public string Uri => $"{(_certificate is null ? "http" : "https")}://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Dispose()
    {
        _listener.Dispose();
        _certificate?.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                TcpClient client = _listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private void Serve(TcpClient client)
    {
        try
        {
            using (client)
            {
                client.NoDelay = true;
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var encrypted = new SslStream(stream);
                    encrypted.AuthenticateAsServer(_certificate);
                    stream = encrypted;
                }

                while (ReadRequest(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    HttpTestAnswer answer = _answer(request);
                    string length = answer.Headers.Any(h => h.StartsWith("Transfer-Encoding", StringComparison.Ordinal)) ? "" : $"Content-Length: {answer.Body.Length}\r\n";
                    byte[] head = Encoding.ASCII.GetBytes($"HTTP/1.1 {answer.Status}\r\n{length}{string.Concat(answer.Headers.Select(h => h + "\r\n"))}\r\n");
                    Damage?.Invoke(head);
                    stream.Write(head);
                    if (request.Method != "HEAD")
                    {
                        stream.Write(answer.Body, 0, answer.ResetAfter ?? answer.CloseAfter ?? answer.StallAfter ?? answer.Body.Length);
                    }

                    stream.Flush();
                    if (answer.StallAfter is not null)
                    {
                        // Until the client hangs up.
                        stream.ReadByte();
                        return;
                    }

                    if (answer.ResetAfter is not null)
                    {
                        // Some of what was sent may be lost with it, as it is in a real network.
                        client.Client.LingerState = new LingerOption(true, 0);
                        return;
                    }

                    if (answer.CloseAfter is not null)
                    {
                        return;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidOperationException or AuthenticationException or CryptographicException)
        {
            // The client has had enough, or the test is over and its certificate disposed.
        }
    }

    private static HttpTestRequest? ReadRequest(Stream stream)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int next = stream.ReadByte();
            if (next < 0)
            {
                return null;
            }

            head.Append((char)next);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        var headers = lines[1..].Select(l => l.Split(": ", 2)).ToDictionary(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase);
        return new HttpTestRequest(first[0], first[1], headers);
    }
}
