using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainGetName
{
    /// <summary>The domain's name, which libvirt keeps with the reference.</summary>
    public static string Call(DomainHandle domain) => Marshal.PtrToStringUTF8(virDomainGetName(domain)) ?? "";

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial nint virDomainGetName(DomainHandle domain);
}
