using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainCreate
{
    /// <summary>Starts a domain that is defined.</summary>
    public static void Call(DomainHandle domain, string name) =>
        LibvirtError.Check(virDomainCreate(domain), $"The domain {name} cannot be started", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainCreate(DomainHandle domain);
}
