namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Decides whether the key that a host shows is the host's.</summary>
internal abstract class HostKeyCheck
{
    /// <summary>Types of keys that the host is known by, to be asked for first: hosts have several keys and show one.</summary>
    public virtual IEnumerable<string> Types => [];

    /// <summary>Whether the host is to be asked for its other keys when one does not fit.</summary>
    public virtual bool TriesOtherKeys => false;

    /// <exception cref="DiskImageException">The lists of known hosts cannot be read, or what was given is no fingerprint.</exception>
    public static HostKeyCheck For(SshAddress address, RemoteAccess access) =>
        access.HostKeyFingerprint is { } fingerprint ? FingerprintCheck.Create(address, fingerprint)
            : access.KnownHostsFile is { } file ? new KnownHostsCheck(address, [file], KnownHosts.Read(file, address.KnownName))
            : KnownHostsCheck.Default(address);

    /// <summary>Null when the key is the host's; otherwise the refusal.</summary>
    public abstract DiskImageException? Judge(byte[] key);
}
