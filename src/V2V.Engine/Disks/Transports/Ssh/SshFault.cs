using Renci.SshNet.Common;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>What goes wrong with SSH hosts, with its context.</summary>
internal static class SshFault
{
    /// <summary>
    /// Whether a connection is of no more use: gone, silent, or with a server that breaks the protocol, which the library shows by
    /// exceptions of every kind. Only the server's proper answers to requests and logins, and what nobody wants any more, are none of that.
    /// </summary>
    public static bool IsLost(Exception e) =>
        e is not (SftpException or SshAuthenticationException or V2VException or EndOfStreamException or OperationCanceledException);

    public static DiskImageException Unavailable(SshAddress address, Exception inner, bool wasLost = false) => new(
        V2VError.RemoteUnavailable,
        $"The SSH host {address.KnownName} {(wasLost ? "was lost, and several attempts to go on there failed" : "cannot be reached")}: "
            + ServerText.Clean(inner.Message),
        inner)
    {
        Path = address.UriOf("/"),
        Advice = "Check the host's name, its port and that SSH is enabled there (ESXi: the service TSM-SSH).",
    };

    /// <summary>ESXi before 6.5, and servers that an administrator has set up so.</summary>
    public static DiskImageException WithoutSftp(SshAddress address, Exception inner) => new(
        V2VError.RemoteUnavailable, $"The SSH host {address.KnownName} lets {address.User} in, but gives no files: {ServerText.Clean(inner.Message)}", inner)
    {
        Path = address.UriOf("/"),
        Advice = "Enable the subsystem sftp in its sshd_config, or copy the guest's files otherwise.",
    };

    /// <param name="address">Where the login failed.</param>
    /// <param name="reason">A sentence that begins after "…: ".</param>
    /// <param name="inner">The library's exception.</param>
    public static DiskImageException LoginFailed(SshAddress address, string reason, Exception? inner) => new(
        V2VError.AuthenticationFailed, $"The SSH host {address.KnownName} did not let {address.User} in: {reason}", inner)
    {
        Path = address.UriOf("/"),
        Advice = "Give a key file that the host accepts, add the key to the agent (ssh-add), or give user name and password.",
    };

    public static DiskImageException HostKeyRefused(SshAddress address, string reason, string advice) =>
        new(V2VError.AuthenticationFailed, $"The SSH host {address.KnownName} {reason}") { Path = address.UriOf("/"), Advice = advice };

    /// <param name="uri">The file.</param>
    /// <param name="what">What follows the file's name: "cannot be opened".</param>
    /// <param name="inner">The server's answer.</param>
    /// <param name="offset">The byte that could not be read.</param>
    public static DiskImageException ReadFailed(string uri, string what, Exception? inner, long? offset = null) =>
        new(V2VError.DiskImageReadFailed, $"'{uri}' {what}{(inner is null ? "" : $": {ServerText.Clean(inner.Message).TrimEnd('.')}")}.", inner)
        {
            Path = uri,
            Offset = offset,
            IsConfined = offset is not null && inner is SftpException and not SftpPermissionDeniedException,
            Advice = inner is SftpPermissionDeniedException ? "Log in as a user who may read it: on most hosts only root reads guests' disks." : null,
        };
}
