using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirConnectClose
{
    /// <summary>Gives back a reference to the connection.</summary>
    public static bool Call(nint connect) => virConnectClose(connect) >= 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectClose(nint connect);
}
