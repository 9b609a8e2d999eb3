using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamNew
{
    public static StreamHandle Call(ConnectHandle connect, string path) =>
        LibvirtError.Check(virStreamNew(connect, 0), $"No stream can be opened for {path}", path);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial StreamHandle virStreamNew(ConnectHandle connect, uint flags);
}
