using System.Runtime.InteropServices;
using System.Text;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainGetUUIDString
{
    // VIR_UUID_STRING_BUFLEN: 36 characters and the end.
    private const int BufferLength = 37;

    public static Guid Call(DomainHandle domain, string name)
    {
        Span<byte> buffer = stackalloc byte[BufferLength];
        LibvirtError.Check(virDomainGetUUIDString(domain, buffer), $"The UUID of the domain {name} cannot be read", name);
        return Guid.Parse(Encoding.ASCII.GetString(buffer[..^1]));
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainGetUUIDString(DomainHandle domain, Span<byte> buffer);
}
