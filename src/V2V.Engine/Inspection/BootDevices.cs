using V2V.Engine.Sources;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Gpt;

namespace V2V.Engine.Inspection;

/// <summary>How and from which disk the firmware starts a guest.</summary>
internal static class BootDevices
{
    /// <summary>What the source says; else UEFI when a disk has an ESP and none has a BIOS boot partition.</summary>
    public static Firmware Firmware(SourceGuest source, IReadOnlyList<VolumeFinding> found) =>
        source.Firmware
        ?? (found.Any(f => f.Volume.GptType == GptPartitionTypes.EfiSystem) && !found.Any(f => f.Volume.GptType == GptPartitionTypes.BiosBoot)
            ? Sources.Firmware.Uefi
            : Sources.Firmware.Bios);

    public static bool IsEfiSystemPartition(Volume volume) => volume.GptType == GptPartitionTypes.EfiSystem || volume.MbrType == 0xEF;

    /// <summary>
    /// UEFI: the disk of the ESP. BIOS: the first disk with GRUB in its boot sector. Otherwise the disk that holds /boot.
    /// </summary>
    public static int BootDisk(SourceGuest source, Firmware firmware, IReadOnlyList<VolumeFinding> found, Volume bootVolume)
    {
        if (source.Disks.Count <= 1)
        {
            return 0;
        }

        if (firmware == Sources.Firmware.Uefi)
        {
            return (found.FirstOrDefault(f => IsEfiSystemPartition(f.Volume))?.Volume ?? bootVolume).DiskIndex;
        }

        for (var i = 0; i < source.Disks.Count; i++)
        {
            if (HasGrub(source.Disks[i]))
            {
                return i;
            }
        }

        return bootVolume.DiskIndex;
    }

    /// <summary>GRUB's boot.img, legacy and 2, has its name in the message that it prints first.</summary>
    private static bool HasGrub(SourceDisk disk)
    {
        using var device = disk.Open();
        if (device.Length < 512)
        {
            return false;
        }

        Span<byte> sector = stackalloc byte[512];
        device.Read(0, sector);
        return sector.IndexOf("GRUB"u8) >= 0;
    }
}
