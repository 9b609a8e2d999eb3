using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainSnapshotNum
{
    /// <summary>How many snapshots of the domain libvirt knows; 0 where the driver cannot tell.</summary>
    public static int Call(DomainHandle domain) => Math.Max(0, virDomainSnapshotNum(domain, 0));

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainSnapshotNum(DomainHandle domain, uint flags);
}
