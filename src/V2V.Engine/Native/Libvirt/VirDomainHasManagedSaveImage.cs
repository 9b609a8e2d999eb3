using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirDomainHasManagedSaveImage
{
    /// <summary>Whether the domain was saved to go on from there at its next start; false where the driver has no such thing.</summary>
    public static bool Call(DomainHandle domain) => virDomainHasManagedSaveImage(domain, 0) == 1;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virDomainHasManagedSaveImage(DomainHandle domain, uint flags);
}
