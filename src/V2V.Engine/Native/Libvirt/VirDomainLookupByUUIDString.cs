using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainLookupByUUIDString
{
    /// <returns>Null when there is no domain of this UUID.</returns>
    public static DomainHandle? Call(ConnectHandle connect, Guid uuid, string name) => LibvirtError.CheckFound(
        virDomainLookupByUUIDString(connect, uuid.ToString()), VirErrorCode.NoDomain, $"The domain {name} cannot be looked up", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial DomainHandle virDomainLookupByUUIDString(ConnectHandle connect, string uuid);
}
