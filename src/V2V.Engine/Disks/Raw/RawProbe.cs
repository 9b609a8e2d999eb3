using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Raw;

/// <summary>A raw disk has no signature: it is what no other format claims. Asked last.</summary>
internal static class RawProbe
{
    public static bool Recognises(DiskFile file, byte[] start) => true;
}
