using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStoragePoolGetName
{
    /// <summary>The pool's name, which libvirt keeps with the reference.</summary>
    public static string Call(StoragePoolHandle pool) => Marshal.PtrToStringUTF8(virStoragePoolGetName(pool)) ?? "";

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virStoragePoolGetName(StoragePoolHandle pool);
}
