using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainSetAutostart
{
    /// <summary>Has a domain started whenever its host is.</summary>
    public static void Call(DomainHandle domain, string name) =>
        LibvirtError.Check(virDomainSetAutostart(domain, 1), $"The domain {name} cannot be set to start with its host", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainSetAutostart(DomainHandle domain, int autostart);
}
