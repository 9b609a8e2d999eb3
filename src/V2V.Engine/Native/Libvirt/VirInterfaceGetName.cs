using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirInterfaceGetName
{
    /// <summary>The interface's name, which libvirt keeps with the reference.</summary>
    public static string Call(InterfaceHandle device) => Marshal.PtrToStringUTF8(virInterfaceGetName(device)) ?? "";

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virInterfaceGetName(InterfaceHandle device);
}
