using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>
/// What ESX serves of its datastores, as far as a reader can tell: HTTPS with a certificate that nobody vouches for, a login that becomes a
/// cookie, and files by datacenter, datastore and path.
/// </summary>
internal sealed class DatastoreServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = Certify();
    private readonly string _folder;
    private readonly string _authorisation;
    private readonly string _query;
    private int _logins;

    /// <param name="folder">The datastore.</param>
    /// <param name="login">"user:password".</param>
    /// <param name="query">The only query that finds it.</param>
    public DatastoreServer(string folder, string login, string query)
    {
        _folder = folder;
        _authorisation = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(login))}";
        _query = query;
        _listener.Start();
        _ = Task.Run(Accept);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Logins => _logins;

    public void Dispose()
    {
        _listener.Stop();
        _certificate.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _ = Task.Run(() => Serve(client));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Serve(TcpClient client)
    {
        try
        {
            using var owned = client;
            using var tls = new SslStream(client.GetStream());
            tls.AuthenticateAsServer(_certificate);
            using var reader = new StreamReader(tls, Encoding.Latin1);
            while (reader.ReadLine() is { } request)
            {
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (reader.ReadLine() is { Length: > 0 } line)
                {
                    var parts = line.Split(':', 2);
                    headers[parts[0]] = parts[1].Trim();
                }

                Answer(tls, request.Split(' ')[1], headers);
            }
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or ObjectDisposedException)
        {
            // The client went away, or does not like the certificate.
        }
    }

    private void Answer(SslStream stream, string target, Dictionary<string, string> headers)
    {
        var parts = target.Split('?', 2);
        var file = Path.Combine(_folder, Uri.UnescapeDataString(parts[0]).Replace("/folder/", "", StringComparison.Ordinal));
        var isKnown = headers.GetValueOrDefault("Cookie", "").Contains("vmware_soap_session=1", StringComparison.Ordinal);
        if (!isKnown && headers.GetValueOrDefault("Authorization") != _authorisation)
        {
            Send(stream, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"VMware HTTP server\"\r\n", []);
            return;
        }

        if (!isKnown)
        {
            Interlocked.Increment(ref _logins);
        }

        if (parts[^1] != _query || !File.Exists(file))
        {
            Send(stream, "404 Not Found", "", []);
            return;
        }

        var range = headers["Range"].Replace("bytes=", "", StringComparison.Ordinal).Split('-');
        using var content = File.OpenRead(file);
        var first = long.Parse(range[0], CultureInfo.InvariantCulture);
        var last = Math.Min(long.Parse(range[1], CultureInfo.InvariantCulture), content.Length - 1);
        var body = new byte[last - first + 1];
        content.Position = first;
        content.ReadExactly(body);
        Send(
            stream, "206 Partial Content",
            $"Content-Range: bytes {first}-{last}/{content.Length}\r\nSet-Cookie: vmware_soap_session=1; Path=/; HttpOnly; Secure\r\n", body);
    }

    private static void Send(SslStream stream, string status, string headers, byte[] body)
    {
        stream.Write(Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n"));
        stream.Write(body);
    }

    private static X509Certificate2 Certify()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost.localdomain", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
