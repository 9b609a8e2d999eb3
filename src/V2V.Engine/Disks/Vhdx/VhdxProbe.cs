using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>Recognises VHDX by its file type identifier.</summary>
internal static class VhdxProbe
{
    public static bool Recognises(DiskFile file, byte[] start) => start.AsSpan().StartsWith("vhdxfile"u8);
}
