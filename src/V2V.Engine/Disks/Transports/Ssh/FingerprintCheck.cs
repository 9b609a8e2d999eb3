using System.Security.Cryptography;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Trusts the one key of which the user gave the fingerprint.</summary>
internal sealed class FingerprintCheck : HostKeyCheck
{
    private const string Prefix = "SHA256:";

    private readonly SshAddress _address;
    private readonly string _fingerprint;

    private FingerprintCheck(SshAddress address, string fingerprint)
    {
        _address = address;
        _fingerprint = fingerprint;
    }

    /// <summary>The fingerprint may be of any of the host's keys.</summary>
    public override bool TriesOtherKeys => true;

    /// <param name="address">The host.</param>
    /// <param name="fingerprint">As ssh-keygen -l shows it, "SHA256:" and 43 characters of base64; padding is allowed.</param>
    public static FingerprintCheck Create(SshAddress address, string fingerprint)
    {
        string text = fingerprint.Trim().TrimEnd('=');
        byte[] hash = new byte[SHA256.HashSizeInBytes + 1];
        return text.StartsWith(Prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(text[Prefix.Length..] + "=", hash, out int length) && length == SHA256.HashSizeInBytes
            ? new FingerprintCheck(address, text)
            : throw new DiskImageException(V2VError.AuthenticationFailed, $"'{fingerprint}' is no fingerprint of an SSH host's key.")
            {
                Path = address.UriOf("/"),
                Advice = "Give it as ssh-keygen -lf shows it: SHA256: and 43 characters.",
            };
    }

    public override DiskImageException? Judge(byte[] key) => PublicKeyBlob.Fingerprint(key) == _fingerprint
        ? null
        : SshFault.HostKeyRefused(
            _address,
            $"shows another key than the one with the fingerprint {_fingerprint}: its {PublicKeyBlob.TypeOf(key)} key has {PublicKeyBlob.Fingerprint(key)}. "
                + "Either the fingerprint is another host's, or somebody stands between and reads along.",
            "Ask the host's administrator for the fingerprints of its keys.");
}
