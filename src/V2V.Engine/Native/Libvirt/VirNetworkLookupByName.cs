using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirNetworkLookupByName
{
    /// <returns>Null when there is no network of this name.</returns>
    public static NetworkHandle? Call(ConnectHandle connect, string name) =>
        LibvirtError.CheckFound(virNetworkLookupByName(connect, name), VirErrorCode.NoNetwork, $"The network {name} cannot be looked up", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial NetworkHandle virNetworkLookupByName(ConnectHandle connect, string name);
}
