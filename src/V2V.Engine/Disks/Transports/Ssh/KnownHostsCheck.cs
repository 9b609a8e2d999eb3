namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Trusts the keys that lists of known hosts have for a host, and never learns a new one.</summary>
/// <param name="address">The host.</param>
/// <param name="files">The lists, for messages.</param>
/// <param name="lines">What they say of the host.</param>
internal sealed class KnownHostsCheck(SshAddress address, string[] files, List<KnownHost> lines) : HostKeyCheck
{
    // A key that an authority has signed is not asked for (see SshConnector), so those lines do not count.
    private readonly KnownHost[] _known = [.. lines.Where(l => l.Marker.Length == 0)];

    public override IEnumerable<string> Types => _known.Select(l => l.Type).Distinct();

    /// <summary>The user's list and the system's, as far as they exist.</summary>
    public static KnownHostsCheck Default(SshAddress address)
    {
        string[] files =
        [
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".ssh", "known_hosts"),
            "/etc/ssh/ssh_known_hosts",
        ];
        return new KnownHostsCheck(address, files, [.. files.Where(File.Exists).SelectMany(f => KnownHosts.Read(f, address.KnownName))]);
    }

    public override DiskImageException? Judge(byte[] key)
    {
        string type = PublicKeyBlob.TypeOf(key) ?? "unknown";
        string shown = $"its {type} key has the fingerprint {PublicKeyBlob.Fingerprint(key)}";
        if (lines.Find(l => l.Marker == "@revoked" && l.Key.AsSpan().SequenceEqual(key)) is { } revoked)
        {
            return SshFault.HostKeyRefused(
                address, $"shows a key that is marked as revoked in {revoked.Place}: {shown}.",
                "Somebody else may have that key. Do not log in until the host has a new one.");
        }

        if (Array.Exists(_known, l => l.Key.AsSpan().SequenceEqual(key)))
        {
            return null;
        }

        if (Array.Find(_known, l => l.Type == type) is { } other)
        {
            return SshFault.HostKeyRefused(
                address,
                $"shows another key than the one that it is known by ({other.Place}): {shown}. "
                    + "Either its key was changed, or somebody stands between and reads along.",
                "Ask the host's administrator for the fingerprint of its new key. Only if it is the one shown, "
                    + "remove the old key with ssh-keygen -R and add the new one.");
        }

        string where = _known.Length > 0 ? $"by a key of this type, only by {string.Join(", ", Types)}" : $"in {string.Join(" or ", files)}";
        return SshFault.HostKeyRefused(
            address,
            $"is not known {where}{Authorities()}: {shown}.",
            "Compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_..._key.pub). If it is right, "
                + $"give it as -HostKeyFingerprint, or add the host: {KeyScan()}.");
    }

    private string Authorities() => lines.Exists(l => l.Marker == "@cert-authority") ? " (certificates of hosts are not read)" : "";

    private string KeyScan() => $"ssh-keyscan {(address.Port == SshAddress.DefaultPort ? "" : $"-p {address.Port} ")}{address.Host} >> {files[0]}";
}
