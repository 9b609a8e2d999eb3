using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStoragePoolLookupByName
{
    /// <returns>Null when there is no pool of this name.</returns>
    public static StoragePoolHandle? Call(ConnectHandle connect, string name) => LibvirtError.CheckFound(
        virStoragePoolLookupByName(connect, name), VirErrorCode.NoStoragePool, $"The storage pool {name} cannot be looked up", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial StoragePoolHandle virStoragePoolLookupByName(ConnectHandle connect, string name);
}
