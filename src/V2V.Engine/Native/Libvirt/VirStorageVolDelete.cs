using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolDelete
{
    public static void Call(StorageVolHandle volume, string name) =>
        LibvirtError.Check(virStorageVolDelete(volume, 0), $"The volume {name} cannot be deleted", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStorageVolDelete(StorageVolHandle volume, uint flags);
}
