using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainFree
{
    public static bool Call(nint domain) => virDomainFree(domain) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainFree(nint domain);
}
