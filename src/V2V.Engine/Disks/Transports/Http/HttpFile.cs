using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;

namespace V2V.Engine.Disks.Transports.Http;

/// <summary>
/// A file of an HTTP server, read by ranges (RFC 9110, section 14). Of an answer that is cut short only the rest is asked for again, a
/// bounded number of times. Every answer has to be of the version of the file that was opened.
/// </summary>
internal sealed class HttpFile : DiskFile
{
    private readonly HttpStore _store;
    private readonly HttpSession _session;
    private readonly Uri _original;
    private readonly CancellationTokenSource _closed = new();
    // Where the server redirected to: each request may otherwise lead to another mirror.
    private volatile Uri _location;
    private HttpVersion _version = new(null, null);
    private long _length;

    private HttpFile(HttpStore store, HttpSession session, Uri uri, string name)
    {
        _store = store;
        _session = session;
        _original = uri;
        _location = uri;
        Name = name;
        Path = store.PathOf(name);
    }

    public override string Path { get; }

    public override FileStore Store => _store;

    public override string Name { get; }

    public override long Length => _length;

    internal override string? Version => _version.Condition is { } condition ? $"{Path} {_length} {condition}" : null;

    /// <summary>Asks for the first byte, which tells length, version and whether the server serves ranges.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="DiskImageException">The server cannot be reached, refuses, or serves no ranges.</exception>
    public static HttpFile? Open(HttpStore store, HttpSession session, Uri uri, string name)
    {
        var file = new HttpFile(store, session, uri, name);
        return file.ReadProperties() ? file : null;
    }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        var pauses = new RetryPauses(_session.Timeout);
        while (buffer.Length > 0)
        {
            int read = 0;
            string failure;
            Exception? cause = null;
            int logins = _session.Logins;
            try
            {
                using HttpRequestMessage request = RangeRequest(offset, offset + buffer.Length - 1);
                request.Headers.IfRange = _version.Condition;
                using HttpResponseMessage response = _session.Send(request, _closed.Token);
                if (response.StatusCode == HttpStatusCode.PartialContent)
                {
                    CheckPart(response, offset, buffer.Length);
                    // Who waits for the body listens to no token.
                    using CancellationTokenRegistration closing = _closed.Token.UnsafeRegister(static answer => ((HttpResponseMessage)answer!).Dispose(), response);
                    using Stream body = response.Content.ReadAsStream(_closed.Token);
                    for (int count = 1; count > 0 && read < buffer.Length; read += count)
                    {
                        count = body.Read(buffer[read..]);
                    }

                    failure = "the answer is cut short.";
                }
                else
                {
                    failure = JudgeFailure(response, offset, logins);
                }
            }
            catch (Exception e) when (IsOfConnection(e))
            {
                ThrowIfRefused(e, _session.CertificateErrors != SslPolicyErrors.None);
                cause = e;
                failure = e.Message;
            }

            offset += read;
            buffer = buffer[read..];
            if (buffer.Length > 0 && !pauses.Next(_closed.Token))
            {
                ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
                throw HttpFault.ReadFailed(Path, offset, failure, inner: cause);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _closed.Cancel();
        base.Dispose(disposing);
    }

    private bool ReadProperties()
    {
        var pauses = new RetryPauses(_session.Timeout);
        while (true)
        {
            int logins = _session.Logins;
            try
            {
                using HttpRequestMessage request = RangeRequest(0, 0);
                using HttpResponseMessage response = _session.Send(request, _closed.Token);
                _location = response.RequestMessage?.RequestUri ?? _location;
                _version = HttpVersion.Of(response);
                switch (response.StatusCode)
                {
                    case HttpStatusCode.PartialContent:
                        CheckEncoding(response);
                        _length = response.Content.Headers.ContentRange?.Length ?? LengthByHead();
                        return true;
                    // An empty file has no first byte.
                    case HttpStatusCode.RequestedRangeNotSatisfiable when response.Content.Headers.ContentRange?.Length == 0:
                    case HttpStatusCode.OK when response.Content.Headers.ContentLength == 0:
                        return true;
                    case HttpStatusCode.OK:
                        throw IgnoresRanges();
                    case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                        return false;
                    case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                        if (!LogInAgain(logins) || !pauses.Next(_closed.Token))
                        {
                            throw HttpFault.Unauthorised(Path, response);
                        }

                        continue;
                    case var status when IsPassing(status) && pauses.Next(_closed.Token):
                        continue;
                    default:
                        throw Unexpected(response, 0);
                }
            }
            catch (Exception e) when (IsOfConnection(e))
            {
                ThrowIfRefused(e, isFinal: true);
                throw HttpFault.Unreachable(Path, e);
            }
        }
    }

    /// <summary>The length as HEAD tells it, of servers whose answers to ranges do not.</summary>
    private long LengthByHead()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, _location);
        using HttpResponseMessage response = _session.Send(request, _closed.Token);
        return response.IsSuccessStatusCode && response.Content.Headers.ContentLength is { } length
            ? length
            : throw HttpFault.Unsupported(Path, "does not tell how long the file is", "Copy the file to this host.");
    }

    private HttpRequestMessage RangeRequest(long first, long last) =>
        new(HttpMethod.Get, _location) { Headers = { Range = new RangeHeaderValue(first, last) } };

    /// <summary>Checks that an answer is a part of the file that was opened, and begins where it has to.</summary>
    private void CheckPart(HttpResponseMessage response, long offset, int length)
    {
        CheckEncoding(response);
        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (_version.DiffersFrom(HttpVersion.Of(response)) || (range?.Length is { } now && now != Length))
        {
            throw HttpFault.Changed(Path, offset);
        }

        if (range is null || range.Unit != "bytes" || range.From != offset || range.To is null || range.To >= offset + length)
        {
            throw HttpFault.ReadFailed(Path, offset, $"the server sends another part than was asked for ({range?.ToString() ?? "it does not say which"}).");
        }
    }

    /// <summary>Says what an answer without the wanted bytes means, as far as another attempt may help; throws what ends the work.</summary>
    private string JudgeFailure(HttpResponseMessage response, long offset, int logins)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                throw _version.DiffersFrom(HttpVersion.Of(response)) || response.Content.Headers.ContentLength is { } now && now != Length
                    ? HttpFault.Changed(Path, offset)
                    : IgnoresRanges();
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw HttpFault.Changed(Path, offset);
            // A redirection that has expired.
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Gone when _location != _original:
                _location = _original;
                break;
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when LogInAgain(logins):
                break;
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                throw HttpFault.Unauthorised(Path, response);
            case var status when !IsPassing(status):
                throw Unexpected(response, offset);
        }

        return $"the server answers {HttpFault.Status(response)}.";
    }

    private void CheckEncoding(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentEncoding.Any(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw HttpFault.Unsupported(Path, "compresses what it sends although it was asked not to", "Switch that off for disk images, or copy the file to this host.");
        }
    }

    private DiskImageException IgnoresRanges() => HttpFault.Unsupported(
        Path, "sends whole files only: it ignores the header Range", "Use a server that serves ranges (nginx, Apache, lighttpd), or copy the file to this host.");

    private DiskImageException Unexpected(HttpResponseMessage response, long offset) => response.StatusCode switch
    {
        HttpStatusCode.ProxyAuthenticationRequired => HttpFault.Unauthorised(Path, response),
        >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => HttpFault.Unsupported(
            Path, $"redirects from HTTPS to HTTP, too often, or to nowhere ({HttpFault.Status(response)})", "Use the URI that it leads to."),
        _ => HttpFault.ReadFailed(Path, offset, $"the server answers {HttpFault.Status(response)}."),
    };

    /// <summary>Answers of servers and proxies that are overloaded or restarting.</summary>
    private static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
        or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private static bool IsOfConnection(Exception failure) => failure is HttpRequestException or IOException or OperationCanceledException;

    /// <summary>Throws when no other connection will fare better: the server's certificate is not accepted.</summary>
    private void ThrowIfRefused(Exception failure, bool isFinal)
    {
        if (isFinal && failure is HttpRequestException { InnerException: AuthenticationException tls })
        {
            throw TlsFault.Of(Path, "HTTPS", _session.CertificateErrors, tls);
        }
    }

    private bool LogInAgain(int logins) => _session.LogInAgain(logins, () => RangeRequest(0, 0), _closed.Token);
}
