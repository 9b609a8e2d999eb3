using System.Net;
using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.LibvirtXml;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>The disks of a guest of ESX or vCenter, read from the datastores over HTTPS.</summary>
internal sealed class VMwareStorage(LibvirtConnection connection, string path, XElement domain) : LibvirtXmlStorage
{
    public override bool ReportsFailures => true;

    public override RemoteAccess Access { get; } = connection.Access with
    {
        Credential = Login(connection),
        SkipCertificateCheck = connection.Access.SkipCertificateCheck || connection.Uri.SkipsCertificateCheck,
    };

    /// <summary>None is of this host.</summary>
    public override IReadOnlyList<string> AllowedFolders(XElement devices) => [];

    public override LibvirtXmlImage FindFile(string reference, string target)
    {
        if (DatastorePath.Parse(reference) is not { } file)
        {
            throw LibvirtXmlDomain.Unsupported(
                path, $"attaches {reference} as {target}, which is no path in a datastore.", "Export the guest as OVF and convert that.");
        }

        var uri = file.UrlAt(connection.Uri, domain.ChildText("datacenterpath"));
        return new LibvirtXmlImage(uri, RemoteFiles.Locate(uri, Access).Open);
    }

    public override LibvirtXmlImage FindVolume(string pool, string volume, string target) => FindFile($"[{pool}] {volume}", target);

    /// <summary>The user is named in the connection's URI as often as with the password; libvirt's own default is the product's administrator.</summary>
    private static NetworkCredential? Login(LibvirtConnection connection) => connection.Access.Credential is { } given
        ? new NetworkCredential(
            given.UserName.Length > 0 ? given.UserName : connection.Uri.User ?? (connection.Uri.Driver == "vpx" ? "administrator" : "root"), given.Password)
        : null;
}
