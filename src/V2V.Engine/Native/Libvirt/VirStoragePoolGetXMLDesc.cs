using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStoragePoolGetXMLDesc
{
    /// <summary>The pool's definition (formatstorage).</summary>
    public static string Call(StoragePoolHandle pool, string name) =>
        LibvirtString.Take(virStoragePoolGetXMLDesc(pool, 0)) ?? throw LibvirtError.Last($"The storage pool {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virStoragePoolGetXMLDesc(StoragePoolHandle pool, uint flags);
}
