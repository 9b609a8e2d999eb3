namespace V2V.Engine.Disks.Transports.Nbd;

/// <summary>What an NBD URI says (doc/uri.md of the NBD project): where the server is, which export, and how to get there.</summary>
internal sealed record NbdUri
{
    /// <summary>The port that IANA assigned.</summary>
    private const int DefaultPort = 10809;

    private const int MaximumPort = 65535;

    /// <summary>The longest export name, in bytes, that a server has to accept (section "Values").</summary>
    private const int MaximumName = 4096;

    /// <summary>The schemes: over TCP and over Unix domain sockets, the ones with an s encrypted.</summary>
    public static readonly string[] Schemes = ["nbd", "nbds", "nbd+unix", "nbds+unix"];

    /// <summary>Host name or address; empty for a socket of this host.</summary>
    public required string Host { get; init; }

    public required int Port { get; init; }

    /// <summary>The Unix domain socket; null over TCP.</summary>
    public string? Socket { get; init; }

    /// <summary>Free text; empty for the server's default export.</summary>
    public required string Export { get; init; }

    public required bool IsEncrypted { get; init; }

    /// <summary>The name that the server's certificate has to bear.</summary>
    public required string CertificateName { get; init; }

    /// <summary>Whether the URI asks for the certificate not to be checked.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>The server in messages and URIs: "nbd://host:10809/", "nbd+unix:///?socket=/run/x".</summary>
    public string PathOf(string export) => Socket is { } socket
        ? $"{Scheme}+unix:///{Uri.EscapeDataString(export)}?socket={socket}"
        : $"{Scheme}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}/{Uri.EscapeDataString(export).Replace("%2F", "/", StringComparison.Ordinal)}";

    private string Scheme => IsEncrypted ? "nbds" : "nbd";

    /// <exception cref="DiskImageException">The URI lacks something, or asks for what is not supported.</exception>
    public static NbdUri Parse(Uri uri)
    {
        bool isLocal = uri.Scheme.EndsWith("+unix", StringComparison.OrdinalIgnoreCase);
        string host = uri.DnsSafeHost;
        string path = uri.GetComponents(UriComponents.Path, UriFormat.UriEscaped);
        string export = Uri.UnescapeDataString(path);
        string shown = $"{uri.Scheme}://{host}/{path}";
        string? socket = null;
        string? certificateName = null;
        bool skipCheck = false;
        foreach (string pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            string value = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "";
            switch (parts[0])
            {
                case "socket":
                    socket = value;
                    break;
                case "tls-hostname":
                    certificateName = value;
                    break;
                case "tls-verify-peer" when value is "0" or "1":
                    skipCheck = value == "0";
                    break;
                case "tls-type" when value == "x509":
                case var experimental when experimental.StartsWith("x-", StringComparison.Ordinal):
                    break;
                default:
                    throw Refused(shown, $"asks for {pair}, which is not supported", "Supported are socket, tls-hostname, tls-verify-peer and tls-type=x509.");
            }
        }

        if (isLocal && (string.IsNullOrEmpty(socket) || !System.Net.Sockets.Socket.OSSupportsUnixDomainSockets))
        {
            throw Refused(shown, "names no socket of this host", "Add it to the URI: nbd+unix:///export?socket=/path.");
        }

        if (!isLocal && (host.Length == 0 || socket is not null))
        {
            throw Refused(
                shown, socket is null ? "names no host" : "names both a host and a socket", "Write nbd://host/export, or nbd+unix:///export?socket=/path for a socket.");
        }

        if (export.Contains('\0', StringComparison.Ordinal) || System.Text.Encoding.UTF8.GetByteCount(export) > MaximumName || uri.Port > MaximumPort)
        {
            throw Refused(shown, "names an export or port that cannot exist", "Check the URI.");
        }

        return new NbdUri
        {
            Host = isLocal ? "" : host,
            Port = uri.Port > 0 ? uri.Port : DefaultPort,
            Socket = isLocal ? socket : null,
            Export = export,
            IsEncrypted = uri.Scheme.StartsWith("nbds", StringComparison.OrdinalIgnoreCase),
            CertificateName = certificateName ?? (isLocal ? "localhost" : host),
            SkipCertificateCheck = skipCheck,
        };
    }

    private static DiskImageException Refused(string uri, string what, string advice) =>
        new(V2VError.DiskImageUnsupported, $"The NBD URI '{uri}' {what}.") { Path = uri, Format = "NBD", Advice = advice };
}
