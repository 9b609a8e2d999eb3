using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirInterfaceFree
{
    public static bool Call(nint device) => virInterfaceFree(device) == 0;

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virInterfaceFree(nint device);
}
