using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamFree
{
    public static bool Call(nint stream) => virStreamFree(stream) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamFree(nint stream);
}
