using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static partial class VirStreamAbort
{
    /// <summary>Ends a stream before its end. A stream that is broken already is no error.</summary>
    public static void Call(StreamHandle stream) => _ = virStreamAbort(stream);

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamAbort(StreamHandle stream);
}
