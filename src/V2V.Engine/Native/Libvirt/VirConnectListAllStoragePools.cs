using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirConnectListAllStoragePools
{
    // VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE: the volumes of others are not known.
    private const uint Active = 2;

    /// <summary>The active storage pools. The caller disposes them.</summary>
    public static IReadOnlyList<StoragePoolHandle> Call(ConnectHandle connect, string uri)
    {
        nint* pools = null;
        var count = LibvirtError.Check(virConnectListAllStoragePools(connect, &pools, Active), $"The storage pools at {uri} cannot be listed", uri);
        return LibvirtArray.Take<StoragePoolHandle>(pools, count);
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectListAllStoragePools(ConnectHandle connect, nint** pools, uint flags);
}
