using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirNetworkGetName
{
    /// <summary>The network's name, which libvirt keeps with the reference.</summary>
    public static string Call(NetworkHandle network) => Marshal.PtrToStringUTF8(virNetworkGetName(network)) ?? "";

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virNetworkGetName(NetworkHandle network);
}
