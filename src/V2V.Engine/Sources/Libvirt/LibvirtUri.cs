using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>A connection's URI (https://libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/path[?parameters].</summary>
internal sealed class LibvirtUri
{
    private static readonly string[] SshTransports = ["ssh", "libssh", "libssh2"];

    private readonly Uri _uri;
    private readonly string _query;

    private LibvirtUri(string text, Uri uri)
    {
        Text = text;
        _uri = uri;
        _query = uri.Query.TrimStart('?');
        var plus = uri.Scheme.IndexOf('+', StringComparison.Ordinal);
        Driver = plus < 0 ? uri.Scheme : uri.Scheme[..plus];
        Transport = plus < 0 ? null : uri.Scheme[(plus + 1)..];
    }

    /// <summary>As it was given.</summary>
    public string Text { get; }

    /// <summary>"qemu", "xen", "esx", "vpx", "test".</summary>
    public string Driver { get; }

    /// <summary>"ssh", "tls", "unix"; null when the URI leaves the choice to libvirt.</summary>
    public string? Transport { get; }

    /// <summary>As URIs have it: an address of IP version 6 in brackets.</summary>
    public string HostInUri => _uri.Host;

    /// <summary>Null for the transport's usual one.</summary>
    public int? Port => _uri.Port > 0 ? _uri.Port : null;

    public string? User => _uri.UserInfo.Length > 0 ? Uri.UnescapeDataString(_uri.UserInfo) : null;

    /// <summary>Whether the paths of its guests are paths of this host.</summary>
    public bool IsLocal => _uri.Host.Length == 0 && Transport is null or "unix";

    public bool IsSsh => SshTransports.Contains(Transport);

    /// <summary>VMware's hosts, which libvirt asks over HTTPS and whose datastores are read so too.</summary>
    public bool IsVMwareHost => Driver is "esx" or "vpx" or "gsx";

    /// <summary>Whether whatever certificate the host shows is accepted.</summary>
    public bool SkipsCertificateCheck => Parameter("no_verify") is not (null or "0");

    /// <exception cref="LibvirtException">It is no URI.</exception>
    public static LibvirtUri Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && text.Contains(":/", StringComparison.Ordinal) && !text.Contains('\0', StringComparison.Ordinal)
            ? new LibvirtUri(text, uri)
            : throw new LibvirtException(V2VError.LibvirtFailed, $"'{text}' is not the URI of a libvirt connection.")
            {
                Path = text,
                Advice = "Give one such as qemu:///system, qemu+ssh://root@host/system, xen+ssh://root@host or esx://root@host/.",
            };
    }

    /// <summary>The URI that libvirt is given: with what <paramref name="access"/> adds, and so that ssh asks nothing on the console.</summary>
    public string ForOpening(RemoteAccess access)
    {
        List<string> parameters = [];
        void Add(string name, string? value)
        {
            if (value is not null && Parameter(name) is null)
            {
                parameters.Add($"{name}={Uri.EscapeDataString(value)}");
            }
        }

        if (IsSsh)
        {
            Add("no_tty", Transport == "ssh" ? "1" : null);
            Add("keyfile", access.KeyFile);
            Add("known_hosts", Transport == "ssh" ? null : access.KnownHostsFile);
        }
        else
        {
            Add("no_verify", access.SkipCertificateCheck && (IsVMwareHost || Transport == "tls") ? "1" : null);
        }

        return parameters.Count == 0 ? Text : $"{Text}{(_query.Length > 0 ? "&" : Text.Contains('?', StringComparison.Ordinal) ? "" : "?")}{string.Join('&', parameters)}";
    }

    /// <summary>The URI of a file of the host, for a connection by SSH; null for what is no absolute path.</summary>
    public string? OverSsh(string path) => path.StartsWith('/')
        ? $"ssh://{(User is null ? "" : $"{Uri.EscapeDataString(User)}@")}{HostInUri}{(Port is { } port ? $":{port}" : "")}{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}"
        : null;

    private string? Parameter(string name)
    {
        foreach (var parameter in _query.Split('&', ';'))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0 && parameter[..equals] == name)
            {
                return Uri.UnescapeDataString(parameter[(equals + 1)..]);
            }
        }

        return null;
    }
}
