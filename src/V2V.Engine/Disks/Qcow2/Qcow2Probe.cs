using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow2;

/// <summary>Recognises qcow2 by its magic number. Version 1 has the same; it is another format and asked before this one.</summary>
internal static class Qcow2Probe
{
    public static bool Recognises(DiskFile file, byte[] start) => start.AsSpan().StartsWith(Qcow2Header.Magic);
}
