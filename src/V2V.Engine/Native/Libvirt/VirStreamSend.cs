using System.Runtime.InteropServices;

namespace V2V.Engine.Native.Libvirt;

internal static unsafe partial class VirStreamSend
{
    /// <summary>Sends all of <paramref name="data"/>, waiting where the other side is slower.</summary>
    public static void Call(StreamHandle stream, ReadOnlySpan<byte> data, string path)
    {
        fixed (byte* start = data)
        {
            for (var sent = 0; sent < data.Length;)
            {
                sent += LibvirtError.Check(virStreamSend(stream, start + sent, (nuint)(data.Length - sent)), $"The volume {path} cannot be written", path);
            }
        }
    }

    [LibraryImport(LibvirtLibrary.Name)]
    private static partial int virStreamSend(StreamHandle stream, byte* data, nuint length);
}
