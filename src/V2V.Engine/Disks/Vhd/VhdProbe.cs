using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>Recognises dynamic and differencing disks by the copy of the footer at the start, fixed ones by the footer alone.</summary>
internal static class VhdProbe
{
    public static bool Recognises(DiskFile file, byte[] start) =>
        VhdFooter.HasCookie(start) || VhdFooter.Find(file) is { Type: VhdType.Fixed };
}
