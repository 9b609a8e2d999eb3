using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStorageVolCreateXML
{
    /// <summary>Makes a volume (formatstorage).</summary>
    public static StorageVolHandle Call(StoragePoolHandle pool, string name, string xml) =>
        LibvirtError.Check(virStorageVolCreateXML(pool, xml, 0), $"The volume {name} cannot be created", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial StorageVolHandle virStorageVolCreateXML(StoragePoolHandle pool, string xml, uint flags);
}
