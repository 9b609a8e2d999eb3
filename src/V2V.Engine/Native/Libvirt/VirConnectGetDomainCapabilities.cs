using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirConnectGetDomainCapabilities
{
    /// <summary>What domains of a kind can have, as XML (formatdomaincaps); null when the driver or the host has no such kind.</summary>
    public static string? Call(ConnectHandle connect, string architecture, string machine, string domainType) =>
        LibvirtString.Take(virConnectGetDomainCapabilities(connect, null, architecture, machine, domainType, 0));

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint virConnectGetDomainCapabilities(
        ConnectHandle connect, string? emulator, string architecture, string machine, string domainType, uint flags);
}
