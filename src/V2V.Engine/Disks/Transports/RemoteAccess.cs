using System.Net;

namespace V2V.Engine.Disks.Transports;

/// <summary>How to get at files on other hosts. What is left out is looked for where the transport's users expect it (SSH's agent and keys).</summary>
public sealed record RemoteAccess
{
    /// <summary>User name and password; the password is also what decrypts <see cref="KeyFile"/>.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>A private key for SSH, in place of the agent's and the user's own.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The file that lists the keys of known SSH hosts; null takes the user's and the system's.</summary>
    public string? KnownHostsFile { get; init; }

    /// <summary>The SSH host's key as its fingerprint, "SHA256:...", in place of a list of known hosts.</summary>
    public string? HostKeyFingerprint { get; init; }

    /// <summary>Accept whatever certificate an HTTPS server shows: for hosts with self-signed ones, in networks that are trusted.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>How long the other side may be silent before a request is given up and made again.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
