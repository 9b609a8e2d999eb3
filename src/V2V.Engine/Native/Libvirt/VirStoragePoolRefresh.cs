using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStoragePoolRefresh
{
    /// <summary>Has the pool look at its folder again.</summary>
    public static void Call(StoragePoolHandle pool, string name) =>
        LibvirtError.Check(virStoragePoolRefresh(pool, 0), $"The storage pool {name} cannot be refreshed", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStoragePoolRefresh(StoragePoolHandle pool, uint flags);
}
