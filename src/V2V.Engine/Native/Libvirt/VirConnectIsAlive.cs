using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirConnectIsAlive
{
    /// <summary>Whether the connection can still be used, as far as this side has noticed.</summary>
    public static bool Call(ConnectHandle connect) => virConnectIsAlive(connect) == 1;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectIsAlive(ConnectHandle connect);
}
