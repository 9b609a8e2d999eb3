using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qed;

/// <summary>Recognises QED by its magic number.</summary>
internal static class QedProbe
{
    public static bool Recognises(DiskFile file, byte[] start) => QedHeader.HasMagic(start);
}
