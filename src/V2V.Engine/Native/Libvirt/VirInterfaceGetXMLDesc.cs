using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirInterfaceGetXMLDesc
{
    /// <summary>What the interface is like now: its type ("ethernet", "bridge") and what belongs to it.</summary>
    public static string Call(InterfaceHandle device, string name) =>
        LibvirtString.Take(virInterfaceGetXMLDesc(device, 0)) ?? throw LibvirtError.Last($"The interface {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virInterfaceGetXMLDesc(InterfaceHandle device, uint flags);
}
