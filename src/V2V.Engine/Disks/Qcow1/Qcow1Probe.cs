using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow1;

/// <summary>Recognises qcow by its magic number and its version, which is all that tells it from qcow2.</summary>
internal static class Qcow1Probe
{
    public static bool Recognises(DiskFile file, byte[] start) => Qcow1Header.HasMagic(start);
}
