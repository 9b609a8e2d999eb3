using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Recognises XFS by the primary superblock's magic number.</summary>
internal static class XfsProbe
{
    public static bool Recognises(BlockDevice device)
    {
        if (device.Length < XfsSuperblock.Size)
        {
            return false;
        }

        var raw = new byte[XfsSuperblock.Size];
        device.Read(0, raw);
        return XfsSuperblock.HasMagic(raw);
    }
}
