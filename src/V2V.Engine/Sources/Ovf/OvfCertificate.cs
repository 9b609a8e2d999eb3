using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace V2V.Engine.Sources.Ovf;

/// <summary>
/// A package's certificate file (.cert; DSP0243, section 6.3): a line <c>SHA256(name.mf)= signature</c>, then the signer's X.509 certificate. Whether
/// the signer is to be trusted is not for V2V to say; a signature that does not match is refused.
/// </summary>
internal static class OvfCertificate
{
    private const string Format = "OVF certificate";
    private const string Marker = "-----BEGIN ";

    public static Concern Check(SourceFile file, OvfManifest manifest)
    {
        var text = Encoding.UTF8.GetString(file.ReadDescriptor(Format));
        try
        {
            var start = text.IndexOf(Marker, StringComparison.Ordinal);
            if (start < 0 || !OvfManifest.TryReadSignature(text.AsSpan(0, start), out var algorithm, out var signature))
            {
                return Unread(file, "no signature and certificate in it that are understood");
            }

            using var certificate = X509Certificate2.CreateFromPem(text.AsSpan(start));
            if (Verify(certificate, manifest.Content, signature, algorithm) is not { } matches)
            {
                return Unread(file, $"a key of the kind {certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value}");
            }

            return matches
                ? new Concern(
                    ConcernSeverity.Information, "PackageSigned",
                    $"{manifest.Path} is signed by {certificate.Subject} (issued by {certificate.Issuer}), and the signature matches. Whether the signer is to be trusted was not checked.")
                : throw new SourceException(
                    V2VError.SourceChecksumMismatch,
                    $"The signature in {file.Path}, by {certificate.Subject}, does not match {manifest.Path}: the manifest was changed after it was signed.")
                {
                    Path = file.Path,
                    Format = Format,
                    Advice = "Get the package again from where it comes from. If it was changed on purpose, delete the .cert file.",
                };
        }
        catch (CryptographicException e)
        {
            return Unread(file, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Null when the key is of a kind that is not known.</summary>
    private static bool? Verify(X509Certificate2 certificate, byte[] content, byte[] signature, HashAlgorithmName algorithm)
    {
        using var rsa = certificate.GetRSAPublicKey();
        using var ecdsa = rsa is null ? certificate.GetECDsaPublicKey() : null;
        return rsa?.VerifyData(content, signature, algorithm, RSASignaturePadding.Pkcs1)
            ?? ecdsa?.VerifyData(content, signature, algorithm, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static Concern Unread(SourceFile file, string what) =>
        new(ConcernSeverity.Warning, "SignatureNotChecked", $"The signature in {file.Path} was not checked: there is {what}.");
}
