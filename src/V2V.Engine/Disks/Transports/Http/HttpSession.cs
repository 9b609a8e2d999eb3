using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace V2V.Engine.Disks.Transports.Http;

/// <summary>
/// The connections to a server, and who one is there. After a login, cookies stand for user and password as long as the server accepts
/// them: ESX and vCenter count every login as a session, of which they allow few, and end it after 30 minutes.
/// </summary>
internal sealed class HttpSession
{
    /// <summary>Requests under way at once: as many as are read ahead, and a few readers.</summary>
    private const int MaximumConnections = 12;

    private const int MaximumRedirections = 5;

    private const int MaximumDrain = 64 << 10;

    private static readonly TimeSpan IdleConnections = TimeSpan.FromSeconds(20);

    private readonly RemoteAccess _access;
    private readonly CookieContainer _cookies = new();
    private readonly HttpClient _known;
    private readonly HttpClient? _login;
    private readonly Lock _lock = new();
    private int _logins;
    // Servers set cookies for many ends. Until one refuses who comes with them alone, they are taken for a session.
    private volatile bool _isKnownByCookies = true;

    /// <param name="server">The server; user and password in it are used if <paramref name="access"/> has none.</param>
    /// <param name="access">How to get at it.</param>
    public HttpSession(Uri server, RemoteAccess access)
    {
        _access = access;
        _known = Client(null);
        if ((access.Credential ?? InUri(server)) is { } credential)
        {
            // Only for the server that was named: none that it redirects to is told the password.
            var origin = new Uri(server.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
            _login = Client(new CredentialCache { { origin, "Digest", credential }, { origin, "Basic", credential } });
        }
    }

    public TimeSpan Timeout => _access.Timeout;

    /// <summary>What the last check of the server's certificate found.</summary>
    public SslPolicyErrors CertificateErrors { get; private set; }

    /// <summary>Logins so far, by which <see cref="LogInAgain"/> tells whether another thread was faster.</summary>
    public int Logins => Volatile.Read(ref _logins);

    /// <summary>Sends a request. The response's body has not been read.</summary>
    /// <exception cref="HttpRequestException">No connection, or no answer.</exception>
    public HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        HttpClient client = _login is not null && !(_isKnownByCookies && HasCookies) ? _login : _known;
        return client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>Forgets cookies that no longer stand for a session, and gets others by a request that does no harm. One thread does it for all.</summary>
    /// <param name="logins">What <see cref="Logins"/> was before the server refused.</param>
    /// <param name="probe">The request.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether the refused request may be made again.</returns>
    public bool LogInAgain(int logins, Func<HttpRequestMessage> probe, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (logins != _logins)
            {
                return true;
            }

            if (_login is null || !HasCookies)
            {
                return false;
            }

            foreach (Cookie cookie in _cookies.GetAllCookies())
            {
                cookie.Expired = true;
            }

            if (!IsAccepted(_login))
            {
                return false;
            }

            _isKnownByCookies = HasCookies && IsAccepted(_known);
            Volatile.Write(ref _logins, _logins + 1);
            return true;
        }

        bool IsAccepted(HttpClient client)
        {
            using HttpRequestMessage request = probe();
            using HttpResponseMessage response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode;
        }
    }

    private bool HasCookies => _cookies.GetAllCookies().Any(c => !c.Expired);

    private static NetworkCredential? InUri(Uri server)
    {
        string[] parts = server.UserInfo.Split(':', 2);
        return parts[0].Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    private HttpClient Client(ICredentials? credentials)
    {
        // Nobody disposes a store, so nobody does this: idle connections close by themselves.
#pragma warning disable CA2000
        var handler = new SocketsHttpHandler
        {
            Credentials = credentials,
            PreAuthenticate = credentials is not null,
            CookieContainer = _cookies,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = MaximumConnections,
            MaxAutomaticRedirections = MaximumRedirections,
            // What is longer than a page that explains an error is not waited for.
            MaxResponseDrainSize = MaximumDrain,
            PooledConnectionIdleTimeout = IdleConnections,
            ConnectTimeout = _access.Timeout,
            ConnectCallback = Connect,
            SslOptions = { RemoteCertificateValidationCallback = Accept },
        };
#pragma warning restore CA2000
        // Several exchanges may be needed: a login, redirections. Each is also bounded by how long the server may be silent.
        return new HttpClient(handler) { Timeout = 2 * _access.Timeout };
    }

    private bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        CertificateErrors = errors;
        return errors == SslPolicyErrors.None || _access.SkipCertificateCheck;
    }

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        int silence = (int)_access.Timeout.TotalMilliseconds;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = silence, SendTimeout = silence };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
