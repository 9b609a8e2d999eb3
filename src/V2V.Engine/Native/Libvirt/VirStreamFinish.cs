using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamFinish
{
    /// <summary>Ends a stream that was read to its end, and tells whether all went well at the other side.</summary>
    public static void Call(StreamHandle stream, string path) =>
        LibvirtError.Check(virStreamFinish(stream), $"The volume {path} cannot be read to its end", path);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamFinish(StreamHandle stream);
}
