using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>Recognises expanding images by either of their two magic texts, and a bundle's descriptor.</summary>
internal static class ParallelsProbe
{
    public static bool Recognises(DiskFile file, byte[] start) => ParallelsHeader.HasMagic(start) || ParallelsDescriptor.IsDescriptor(start);
}
