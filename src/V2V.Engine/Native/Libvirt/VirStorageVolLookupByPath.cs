using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolLookupByPath
{
    /// <returns>Null when no active pool has a volume at this path, or the driver knows no storage.</returns>
    public static StorageVolHandle? Call(ConnectHandle connect, string path) => LibvirtError.CheckFound(
        virStorageVolLookupByPath(connect, path), [VirErrorCode.NoStorageVolume, VirErrorCode.NoSupport], $"The volume {path} cannot be looked up", path);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial StorageVolHandle virStorageVolLookupByPath(ConnectHandle connect, string path);
}
