using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainUndefineFlags
{
    // VIR_DOMAIN_UNDEFINE_MANAGED_SAVE, _SNAPSHOTS_METADATA, _NVRAM.
    private const uint WithAllState = 1 | 2 | 4;

    /// <summary>Removes a domain's definition with its saved state, snapshot records and UEFI variables. Its disks stay.</summary>
    public static void Call(DomainHandle domain, string name) =>
        LibvirtError.Check(virDomainUndefineFlags(domain, WithAllState), $"The domain {name} cannot be undefined", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainUndefineFlags(DomainHandle domain, uint flags);
}
