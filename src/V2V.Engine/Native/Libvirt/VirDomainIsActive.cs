using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainIsActive
{
    /// <summary>True while the domain runs or is paused.</summary>
    public static bool Call(DomainHandle domain, string name) =>
        LibvirtError.Check(virDomainIsActive(domain), $"The state of the domain {name} cannot be read", name) == 1;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainIsActive(DomainHandle domain);
}
