using System.Xml.Linq;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.LibvirtXml;

/// <summary>What a disk element stands for.</summary>
/// <param name="Identity">What messages call it. Two names of one file have the same.</param>
/// <param name="Open">Opens the image's file.</param>
/// <param name="Format">The image's format, where the storage knows it; a format in the description goes before.</param>
internal sealed record LibvirtXmlImage(string Identity, Func<DiskFile> Open, string? Format = null);

/// <summary>Where the disks that a description names are looked for.</summary>
internal abstract class LibvirtXmlStorage
{
    /// <summary>
    /// Whether a disk that cannot be read stands against the guest's conversion only, because others are listed with it. Without, it ends
    /// the reading.
    /// </summary>
    public virtual bool ReportsFailures => false;

    /// <summary>How disks on the network are reached.</summary>
    public abstract RemoteAccess Access { get; }

    /// <summary>The folders, besides an image's own, in which files that it names may lie.</summary>
    /// <param name="devices">The devices of the domain, whose disks may be named from each other's folders.</param>
    public abstract IReadOnlyList<string> AllowedFolders(XElement devices);

    /// <summary>The image at a path of the host that the domain is from: a file or block device.</summary>
    /// <param name="reference">The path as written.</param>
    /// <param name="target">The disk's name, for messages.</param>
    public abstract LibvirtXmlImage FindFile(string reference, string target);

    /// <summary>The image that is a volume of a storage pool.</summary>
    public abstract LibvirtXmlImage FindVolume(string pool, string volume, string target);
}
