using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirStreamRecvFlags
{
    // VIR_STREAM_RECV_STOP_AT_HOLE, and what the function returns there.
    private const uint StopAtHole = 1;
    private const int AtHole = -3;

    /// <summary>Waits for data. The stream may be a sparse one.</summary>
    /// <returns>Bytes that were received; 0 at the end; null before a hole.</returns>
    public static int? Call(StreamHandle stream, Span<byte> buffer, string path)
    {
        fixed (byte* start = buffer)
        {
            var received = virStreamRecvFlags(stream, start, (nuint)buffer.Length, StopAtHole);
            return received == AtHole ? null : LibvirtError.Check(received, $"The volume {path} cannot be read", path);
        }
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamRecvFlags(StreamHandle stream, byte* data, nuint length, uint flags);
}
