using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolLookupByName
{
    /// <returns>Null when the pool has no volume of this name.</returns>
    public static StorageVolHandle? Call(StoragePoolHandle pool, string name) => LibvirtError.CheckFound(
        virStorageVolLookupByName(pool, name), VirErrorCode.NoStorageVolume, $"The volume {name} cannot be looked up", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial StorageVolHandle virStorageVolLookupByName(StoragePoolHandle pool, string name);
}
