using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolFree
{
    public static bool Call(nint volume) => virStorageVolFree(volume) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStorageVolFree(nint volume);
}
