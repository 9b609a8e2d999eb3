using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>From a device to a volume whose metadata can be used: what the log still holds is replayed into the device.</summary>
internal static class XfsOpening
{
    /// <exception cref="GuestFileSystemException">It is damaged, its log holds what cannot be replayed, or it has features that are not understood.</exception>
    public static XfsVolume Open(WritableBlockDevice device)
    {
        var superblock = ReadSuperblock(device);
        if (device.Length >> superblock.BlockLog < (long)superblock.DataBlocks)
        {
            throw XfsErrors.Corrupt($"it has {superblock.DataBlocks} blocks of {superblock.BlockSize} bytes, but the volume only {device.Length} bytes.");
        }

        if (superblock.LogStart == 0)
        {
            throw XfsErrors.Unsupported(
                "The XFS file system keeps its log on another device, which V2V does not support.",
                "Move the guest's files to a file system with an internal log.");
        }

        var log = new XfsLog(device, superblock);
        if (!log.IsWithinDevice)
        {
            throw XfsErrors.Corrupt("the log lies beyond the end of the volume.");
        }

        // A log that was never written is what mkfs.xfs of long ago left.
        if (log.FirstCycle != 0)
        {
            var newest = log.FindNewest() ?? throw XfsErrors.Corrupt("the log has no record that can be read.");
            if (!newest.IsUnmount)
            {
                new XfsLogReplay(device, superblock, log).Run(newest);
                superblock = ReadSuperblock(device);
            }
        }

        return new XfsVolume(device, superblock);
    }

    private static XfsSuperblock ReadSuperblock(BlockDevice device)
    {
        var raw = new byte[XfsSuperblock.Size];
        if (device.Length < raw.Length)
        {
            throw XfsErrors.Corrupt("the volume is too small for a superblock.");
        }

        device.Read(0, raw);
        if (!XfsSuperblock.HasMagic(raw))
        {
            throw XfsErrors.Corrupt("there is no superblock.", 0);
        }

        var superblock = XfsSuperblock.Parse(raw);
        if (superblock.IsV5)
        {
            var sector = new byte[Math.Min(superblock.SectorSize, device.Length)];
            device.Read(0, sector);
            if (!XfsBuffer.HasValidChecksum(sector, XfsSuperblock.ChecksumOffset))
            {
                throw XfsErrors.Corrupt("the checksum of the superblock is wrong.", XfsSuperblock.ChecksumOffset);
            }
        }

        return superblock;
    }
}
