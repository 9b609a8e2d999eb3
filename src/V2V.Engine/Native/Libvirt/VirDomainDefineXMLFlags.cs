using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainDefineXMLFlags
{
    // VIR_DOMAIN_DEFINE_VALIDATE: checks the XML against libvirt's schema, so that nothing in it is silently ignored.
    private const uint Validate = 1;

    public static DomainHandle Call(ConnectHandle connect, string name, string xml, bool validate = true) =>
        LibvirtError.Check(virDomainDefineXMLFlags(connect, xml, validate ? Validate : 0), $"The domain {name} cannot be defined", name);

    [LibraryImport(LibvirtLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial DomainHandle virDomainDefineXMLFlags(ConnectHandle connect, string xml, uint flags);
}
