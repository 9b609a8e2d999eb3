using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamRecvHole
{
    /// <summary>Steps over the hole that the stream stands before, and returns its length in bytes.</summary>
    public static long Call(StreamHandle stream, string path)
    {
        LibvirtError.Check(virStreamRecvHole(stream, out var length, 0), $"The volume {path} cannot be read", path);
        return length;
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamRecvHole(StreamHandle stream, out long length, uint flags);
}
