using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace V2V.Engine.Tests.Disks.Transports;

/// <summary>A certificate for this host, from an authority that nobody trusts.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Create()
    {
        using X509Certificate2 authority = CreateAuthority();
        return Create(authority);
    }

    /// <summary>Writes certificates and key as servers of NBD expect them in a folder.</summary>
    public static void Write(TestFolder folder)
    {
        using X509Certificate2 authority = CreateAuthority();
        using X509Certificate2 certificate = Create(authority);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        folder.Write("ca-cert.pem", authority.ExportCertificatePem());
        folder.Write("server-cert.pem", certificate.ExportCertificatePem());
        folder.Write("server-key.pem", key.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 CreateAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=V2V tests", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return Exportable(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2)));
    }

    private static X509Certificate2 Create(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, [1, 2, 3]);
        return Exportable(certificate.CopyWithPrivateKey(key));
    }

    private static X509Certificate2 Exportable(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null, X509KeyStorageFlags.Exportable);
        }
    }
}
