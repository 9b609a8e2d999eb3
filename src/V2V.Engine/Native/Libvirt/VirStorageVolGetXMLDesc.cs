using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolGetXMLDesc
{
    /// <summary>The volume's description (formatstorage), brought up to date.</summary>
    public static string Call(StorageVolHandle volume, string name) =>
        LibvirtString.Take(virStorageVolGetXMLDesc(volume, 0)) ?? throw LibvirtError.Last($"The volume {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virStorageVolGetXMLDesc(StorageVolHandle volume, uint flags);
}
