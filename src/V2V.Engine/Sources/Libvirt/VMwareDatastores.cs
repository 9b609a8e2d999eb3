using System.Net;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Http;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// The datastores of an ESX host or a vCenter, as they are served over HTTPS ("HTTP Access to vSphere Server Files" in VMware's Web Services
/// SDK Programming Guide). Each is one place for all guests, since every place is a login and few are allowed at a time.
/// </summary>
internal sealed class VMwareDatastores(LibvirtUri uri, RemoteAccess access)
{
    /// <summary>The name that ESX gives the only datacenter that it has.</summary>
    private const string OwnDatacenter = "ha-datacenter";

    private readonly Dictionary<string, HttpStore> _stores = new(StringComparer.Ordinal);

    public RemoteAccess Access { get; } = access with
    {
        Credential = Login(uri, access.Credential),
        SkipCertificateCheck = access.SkipCertificateCheck || uri.SkipsCertificateCheck,
    };

    /// <summary>A file in a datastore: the descriptor of a disk by its own name, with its extents and snapshots beside it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="datacenter">The path of the datacenter in vCenter's inventory; null for the one that a single host has.</param>
    public RemoteFile Locate(DatastorePath path, string? datacenter)
    {
        var url = UrlOf(uri, path.Datastore, datacenter);
        if (!_stores.TryGetValue(url, out var store))
        {
            _stores.Add(url, store = new HttpStore(new Uri(url), Access));
        }

        return new RemoteFile(store, path.File);
    }

    /// <summary>The URL of a datastore's top; the query goes with each file's.</summary>
    public static string UrlOf(LibvirtUri uri, string datastore, string? datacenter)
    {
        var port = uri.Port is { } number && number != 443 ? $":{number}" : "";
        return $"https://{uri.HostInUri}{port}/folder/?dcPath={Uri.EscapeDataString(datacenter ?? OwnDatacenter)}&dsName={Uri.EscapeDataString(datastore)}";
    }

    /// <summary>The user is named in the connection's URI as often as with the password; libvirt's own default is the product's administrator.</summary>
    private static NetworkCredential? Login(LibvirtUri uri, NetworkCredential? given) => given is null
        ? null
        : new NetworkCredential(given.UserName.Length > 0 ? given.UserName : uri.User ?? (uri.Driver == "vpx" ? "administrator" : "root"), given.Password);
}
