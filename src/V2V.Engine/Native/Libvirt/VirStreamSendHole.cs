using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamSendHole
{
    /// <summary>Moves a sparse stream on over bytes that read as zeros.</summary>
    public static void Call(StreamHandle stream, long length, string path) =>
        LibvirtError.Check(virStreamSendHole(stream, length, 0), $"The volume {path} cannot be written", path);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamSendHole(StreamHandle stream, long length, uint flags);
}
