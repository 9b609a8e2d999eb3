using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirConnectListAllInterfaces
{
    /// <summary>Every network interface of the host, active or not. The caller disposes them.</summary>
    public static IReadOnlyList<InterfaceHandle> Call(ConnectHandle connect, string uri)
    {
        nint* interfaces = null;
        var count = LibvirtError.Check(virConnectListAllInterfaces(connect, &interfaces, 0), $"The interfaces at {uri} cannot be listed", uri);
        return LibvirtArray.Take<InterfaceHandle>(interfaces, count);
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectListAllInterfaces(ConnectHandle connect, nint** interfaces, uint flags);
}
