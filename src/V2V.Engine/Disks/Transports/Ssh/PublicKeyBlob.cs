using System.Security.Cryptography;
using System.Text;

namespace V2V.Engine.Disks.Transports.Ssh;

/// <summary>Public keys as SSH encodes them (RFC 4253, section 6.6): a string that names the type, then what the type needs.</summary>
internal static class PublicKeyBlob
{
    // The longest in use are RSA's of 16384 bits: 2 KiB.
    private const int MaximumSize = 16 << 10;

    /// <summary>The key's type, "ssh-ed25519"; null when this is no key.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> key) =>
        key.Length <= MaximumSize && new SshReader(key).TryReadString(out ReadOnlySpan<byte> type)
        && type.Length is > 0 and <= 64 && type.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0
            ? Encoding.ASCII.GetString(type)
            : null;

    /// <summary>The fingerprint as OpenSSH shows it: "SHA256:" and base64 without padding.</summary>
    public static string Fingerprint(ReadOnlySpan<byte> key) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(key)).TrimEnd('=');

    /// <summary>The signature algorithms of a key's type, the best first (RFC 8332 for RSA).</summary>
    public static string[] Algorithms(string type) => type == "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}
