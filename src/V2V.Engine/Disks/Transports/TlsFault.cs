using System.Net.Security;

namespace V2V.Engine.Disks.Transports;

/// <summary>What is wrong with an encrypted connection, and the way out.</summary>
internal static class TlsFault
{
    /// <param name="path">What was to be opened.</param>
    /// <param name="format">"HTTPS", "NBD".</param>
    /// <param name="errors">What the check of the server's certificate found.</param>
    /// <param name="inner">What ended the handshake.</param>
    public static DiskImageException Of(string path, string format, SslPolicyErrors errors, Exception inner)
    {
        string what = errors switch
        {
            SslPolicyErrors.None => $"no encrypted connection could be agreed on: {inner.Message}",
            var e when e.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) => "the server showed no certificate",
            var e when e.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => "the server's certificate is for another name",
            _ => "the server's certificate is not signed by an authority that this host trusts, or has expired",
        };
        return new DiskImageException(V2VError.AuthenticationFailed, $"'{path}' is not read: {what.TrimEnd('.')}.", inner)
        {
            Path = path,
            Format = format,
            Advice = errors == SslPolicyErrors.None
                ? "Check which versions of TLS the server offers, and whether it wants a certificate of its clients."
                : "Use the name that the certificate is for, add its authority to those that this host trusts, or skip the check if you trust the network.",
        };
    }
}
