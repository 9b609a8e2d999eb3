using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainGetXMLDesc
{
    // VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE: complete, as it would start next time.
    private const uint SecureInactive = 1 | 2;

    /// <summary>The definition from which the domain could be defined again.</summary>
    public static string Call(DomainHandle domain, string name) =>
        LibvirtString.Take(virDomainGetXMLDesc(domain, SecureInactive)) ?? throw LibvirtError.Last($"The domain {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virDomainGetXMLDesc(DomainHandle domain, uint flags);
}
