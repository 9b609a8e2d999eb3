using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirNetworkFree
{
    public static bool Call(nint network) => virNetworkFree(network) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virNetworkFree(nint network);
}
