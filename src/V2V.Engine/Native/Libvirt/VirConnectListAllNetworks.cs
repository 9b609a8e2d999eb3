using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirConnectListAllNetworks
{
    /// <summary>Every virtual network, active or not. The caller disposes them.</summary>
    public static IReadOnlyList<NetworkHandle> Call(ConnectHandle connect, string uri)
    {
        nint* networks = null;
        var count = LibvirtError.Check(virConnectListAllNetworks(connect, &networks, 0), $"The networks at {uri} cannot be listed", uri);
        return LibvirtArray.Take<NetworkHandle>(networks, count);
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virConnectListAllNetworks(ConnectHandle connect, nint** networks, uint flags);
}
