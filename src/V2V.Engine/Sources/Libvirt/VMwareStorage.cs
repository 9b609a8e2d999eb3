using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.LibvirtXml;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>The disks of a guest of ESX or vCenter, read from the datastores.</summary>
/// <param name="datastores">The host's.</param>
/// <param name="path">What messages call the domain.</param>
/// <param name="domain">Its description, which names the datacenter.</param>
internal sealed class VMwareStorage(VMwareDatastores datastores, string path, XElement domain) : LibvirtXmlStorage
{
    public override bool ReportsFailures => true;

    public override RemoteAccess Access => datastores.Access;

    /// <summary>None is of this host.</summary>
    public override IReadOnlyList<string> AllowedFolders(XElement devices) => [];

    public override LibvirtXmlImage FindFile(string reference, string target)
    {
        if (DatastorePath.Parse(reference) is not { } file)
        {
            throw LibvirtXmlDomain.Unsupported(
                path, $"attaches {reference} as {target}, which is no path in a datastore.", "Export the guest as OVF and convert that.");
        }

        var found = datastores.Locate(file, domain.ChildText("datacenterpath"));
        return new LibvirtXmlImage(reference, found.Open);
    }

    public override LibvirtXmlImage FindVolume(string pool, string volume, string target) => FindFile($"[{pool}] {volume}", target);
}
