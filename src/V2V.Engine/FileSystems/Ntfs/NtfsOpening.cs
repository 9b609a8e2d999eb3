using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>From a device to a volume whose metadata can be read.</summary>
internal static class NtfsOpening
{
    /// <exception cref="GuestFileSystemException">It is damaged, or of a version that is not understood.</exception>
    public static NtfsVolume Open(WritableBlockDevice device)
    {
        var sector = new byte[NtfsBootSector.Size];
        if (device.Length < sector.Length)
        {
            throw NtfsErrors.Corrupt("the volume is too small for a boot sector.");
        }

        device.Read(0, sector);
        if (!NtfsBootSector.HasOemId(sector))
        {
            throw NtfsErrors.Corrupt("there is no boot sector.", 0);
        }

        var volume = new NtfsVolume(device, NtfsBootSector.Parse(sector, device.Length));
        volume.Load();
        return volume;
    }
}
