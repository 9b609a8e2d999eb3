using System.Xml.Linq;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.LibvirtXml;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// The disks of a connection's domains. Files and devices of this host are opened themselves. Those of other hosts, and those that this
/// process may not open, are read through libvirt if they are volumes of a storage pool, or by SSH if that is how libvirt is reached.
/// </summary>
/// <param name="connection">Where the domain is.</param>
/// <param name="pools">Its storage pools.</param>
/// <param name="path">What messages call the domain.</param>
/// <param name="options">Folders that the user allows besides, and how to reach other hosts.</param>
/// <param name="cancellation">Gives up waiting for the other side.</param>
internal sealed class LibvirtStorage(
    LibvirtConnection connection, LibvirtPools pools, string path, SourceOptions options, CancellationToken cancellation) : LibvirtXmlStorage
{
    private readonly LibvirtVolumeStore _volumes = new(connection);

    public override bool ReportsFailures => true;

    public override RemoteAccess Access => options.Remote;

    private LibvirtUri Uri => connection.Uri;

    public override IReadOnlyList<string> AllowedFolders(XElement devices) =>
        Uri.IsLocal ? [.. options.AllowDiskFolders, .. DomainFolders(devices).Distinct(), .. pools.Folders] : [];

    public override LibvirtXmlImage FindFile(string reference, string target)
    {
        if (Uri.IsLocal)
        {
            return FindHere(reference, target);
        }

        // Hosts with Xen are old: SSH is there, and their libvirt may know no storage.
        if (Uri is { IsSsh: true, Driver: "xen" })
        {
            return OverSsh(reference);
        }

        return FindInPools(reference) ?? (Uri.IsSsh
            ? OverSsh(reference)
            : throw new SourceException(V2VError.DiskImageNotFound, $"{path} attaches {reference} as {target}, which is in no active storage pool of {Uri.Text}.")
            {
                Path = path,
                Advice = Uri.Driver is "qemu" or "xen"
                    ? $"Define one for its folder there (virsh -c {Uri.Text} pool-create-as NAME dir --target FOLDER), or connect with {Uri.Driver}+ssh."
                    : "Copy the guest's disk images to this host, and convert those.",
            });
    }

    public override LibvirtXmlImage FindVolume(string pool, string volume, string target)
    {
        var found = connection.Call(
            connect =>
            {
                using var handle = LibvirtPools.Find(connect, Uri.Text, pool, volume);
                return LibvirtVolume.Describe(handle, volume);
            },
            cancellation);
        var image = Uri.IsLocal && found.IsLocal ? FindHere(found.Path, target) : InPool(found.Path);
        return image with { Format = found.IsFile ? found.Format : "raw" };
    }

    private LibvirtXmlImage FindHere(string reference, string target)
    {
        DiskImageException? refusal = null;
        if (Path.IsPathRooted(reference))
        {
            try
            {
                using var file = HostFile.Open(reference);
                return new LibvirtXmlImage(RealPath.Resolve(reference), () => HostFile.Open(reference));
            }
            catch (DiskImageException e)
            {
                refusal = e;
            }
        }

        return FindInPools(reference) ?? throw new SourceException(
            refusal?.Error ?? V2VError.DiskImageNotFound,
            $"{path} attaches {reference} as {target}: {refusal?.Message ?? "there is no such file and no such volume."}",
            refusal)
        {
            Path = path,
            Advice = refusal?.Error == V2VError.DiskImageReadFailed ? "Run as a user who may read it, or define a storage pool for its folder." : refusal?.Advice,
        };
    }

    private LibvirtXmlImage? FindInPools(string reference) => connection.Call(
        connect =>
        {
            using var volume = LibvirtPools.Find(connect, reference);
            return volume is not null;
        },
        cancellation)
        ? InPool(reference)
        : null;

    private LibvirtXmlImage InPool(string reference)
    {
        var name = reference.TrimStart('/');
        return new LibvirtXmlImage(_volumes.PathOf(name), () => _volumes.Open(name, reference));
    }

    private LibvirtXmlImage OverSsh(string reference)
    {
        var uri = Uri.OverSsh(reference) ?? throw LibvirtXmlDomain.Unsupported(path, $"names its disk {reference}, which is no path.", "Convert the guest's disk images instead.");
        return new LibvirtXmlImage(uri, RemoteFiles.Locate(uri, options.Remote).Open);
    }

    /// <summary>The folders that the domain itself names: those of its disks and of the images below them.</summary>
    private static IEnumerable<string> DomainFolders(XElement devices) => devices.Children("disk").SelectMany(d => d.Descendants())
        .Where(e => e.Name.LocalName == "source")
        .Select(e => e.AttributeText("file") ?? e.AttributeText("dev"))
        .OfType<string>()
        .Where(Path.IsPathRooted)
        .Select(Path.GetDirectoryName)
        .OfType<string>();
}
