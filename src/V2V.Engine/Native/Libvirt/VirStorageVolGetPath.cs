using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolGetPath
{
    public static string Call(StorageVolHandle volume, string name) =>
        LibvirtString.Take(virStorageVolGetPath(volume)) ?? throw LibvirtError.Last($"The path of the volume {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virStorageVolGetPath(StorageVolHandle volume);
}
