using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirConnectGetCapabilities
{
    /// <summary>What the host offers, as XML (formatcaps).</summary>
    public static string Call(ConnectHandle connect, string uri) =>
        LibvirtString.Take(virConnectGetCapabilities(connect)) ?? throw LibvirtError.Last($"The capabilities of {uri} cannot be read", uri);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virConnectGetCapabilities(ConnectHandle connect);
}
