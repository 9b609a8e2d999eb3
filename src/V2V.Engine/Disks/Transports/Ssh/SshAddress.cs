namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>An account on an SSH host.</summary>
/// <param name="User">The user who logs in.</param>
/// <param name="Host">A name or an address; IPv6 without brackets.</param>
/// <param name="Port">The server's TCP port.</param>
internal sealed record SshAddress(string User, string Host, int Port)
{
    public const int DefaultPort = 22;

    /// <summary>What known_hosts calls the host: the port stands there only when it is not the usual one (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).</summary>
    public string KnownName => Port == DefaultPort ? Host : $"[{Host}]:{Port}";

    /// <summary>
    /// Takes an account and a path from ssh://[user@]host[:port]/path or sftp://..., special characters as %XX. A user in the URI
    /// counts more than the credential's, and that more than who runs this process. ~/.ssh/config is not read.
    /// </summary>
    /// <exception cref="DiskImageException">The URI lacks a host or a file, holds a password, or steps through ".." .</exception>
    public static (SshAddress Address, string Path) Parse(Uri uri, RemoteAccess access)
    {
        string text = uri.OriginalString;
        if (uri.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            // The password is not repeated in the message, and so not in logs.
            throw Refused($"{uri.Scheme}://{uri.DnsSafeHost}{uri.AbsolutePath}", "holds a password", "Leave it out of the URI and give it as credential.");
        }

        if (uri.DnsSafeHost.Length == 0 || uri.DnsSafeHost.StartsWith('-'))
        {
            throw Refused(text, "names no host", "Write ssh://user@host/path/of/the/file.");
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw Refused(text, "holds a '?' or '#'", "In a file's name, write them as %3F and %23.");
        }

        string path = Uri.UnescapeDataString(uri.AbsolutePath);
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || path.EndsWith('/') || path.Contains('\0') || parts.Any(p => p is "." or ".."))
        {
            throw Refused(text, "names no file by its full path", "Write the file's absolute path after the host, without '.' and '..'.");
        }

        string user = Uri.UnescapeDataString(uri.UserInfo) is { Length: > 0 } named ? named
            : access.Credential?.UserName is { Length: > 0 } given ? given
            : Environment.UserName;
        return (new SshAddress(user, uri.DnsSafeHost, uri.Port < 0 ? DefaultPort : uri.Port), "/" + string.Join('/', parts));
    }

    /// <summary>The URI of a file on the host, which <see cref="Parse"/> takes apart again.</summary>
    public string UriOf(string path)
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        string port = Port == DefaultPort ? "" : $":{Port}";
        return $"ssh://{Uri.EscapeDataString(User)}@{host}{port}{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";
    }

    public override string ToString() => $"{User}@{KnownName}";

    private static DiskImageException Refused(string uri, string what, string advice) =>
        new(V2VError.DiskImageUnsupported, $"'{uri}' {what}.") { Path = uri, Advice = advice };
}
