using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vdi;

/// <summary>Recognises VDI by the signature behind its line of text.</summary>
internal static class VdiProbe
{
    public static bool Recognises(DiskFile file, byte[] start) => VdiHeader.HasSignature(start);
}
