using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirNetworkIsActive
{
    /// <summary>True when guests can be connected to it.</summary>
    public static bool Call(NetworkHandle network, string name) =>
        LibvirtError.Check(virNetworkIsActive(network), $"The state of the network {name} cannot be read", name) == 1;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virNetworkIsActive(NetworkHandle network);
}
