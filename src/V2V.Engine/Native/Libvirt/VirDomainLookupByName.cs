using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainLookupByName
{
    /// <returns>Null when there is no domain of this name.</returns>
    public static DomainHandle? Call(ConnectHandle connect, string name) =>
        LibvirtError.CheckFound(virDomainLookupByName(connect, name), VirErrorCode.NoDomain, $"The domain {name} cannot be looked up", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial DomainHandle virDomainLookupByName(ConnectHandle connect, string name);
}
