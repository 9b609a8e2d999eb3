using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStoragePoolFree
{
    public static bool Call(nint pool) => virStoragePoolFree(pool) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStoragePoolFree(nint pool);
}
