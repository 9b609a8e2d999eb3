using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainGetXMLDesc
{
    // VIR_DOMAIN_XML_SECURE: with passwords. VIR_DOMAIN_XML_INACTIVE: as it would start next time.
    private const uint Secure = 1;
    private const uint Inactive = 2;

    /// <summary>The definition from which the domain could be defined again.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="withSecrets">With the passwords of its displays, which not every user may see.</param>
    public static string Call(DomainHandle domain, string name, bool withSecrets = true) =>
        LibvirtString.Take(virDomainGetXMLDesc(domain, withSecrets ? Secure | Inactive : Inactive)) ?? throw LibvirtError.Last($"The domain {name} cannot be read", name);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virDomainGetXMLDesc(DomainHandle domain, uint flags);
}
