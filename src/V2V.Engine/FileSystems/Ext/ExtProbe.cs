using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>Recognises ext2, ext3 and ext4 by the primary superblock's magic number.</summary>
internal static class ExtProbe
{
    public static bool Recognises(BlockDevice device)
    {
        if (device.Length < ExtSuperblock.Position + ExtSuperblock.Size)
        {
            return false;
        }

        var raw = new byte[ExtSuperblock.Size];
        device.Read(ExtSuperblock.Position, raw);

        // An external journal starts like a file system, but is none.
        return ExtSuperblock.HasMagic(raw) && !ExtSuperblock.IsJournalDevice(raw);
    }
}
