using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirConnectListAllDomains
{
    /// <summary>Every domain, running or not. The caller disposes them.</summary>
    public static IReadOnlyList<DomainHandle> Call(ConnectHandle connect, string uri)
    {
        nint* domains = null;
        var count = LibvirtError.Check(virConnectListAllDomains(connect, &domains, 0), $"The domains at {uri} cannot be listed", uri);
        return LibvirtArray.Take<DomainHandle>(domains, count);
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectListAllDomains(ConnectHandle connect, nint** domains, uint flags);
}
