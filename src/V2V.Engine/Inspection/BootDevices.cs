using V2V.Engine.Sources;
using V2V.Engine.Volumes;

namespace V2V.Engine.Inspection;

/// <summary>How and from which disk the firmware starts a guest.</summary>
internal static class BootDevices
{
    /// <summary>EFI system partition, UEFI specification table 5.7.</summary>
    private static readonly Guid EfiSystemPartition = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");

    /// <summary>Where GRUB puts its core image on a GPT disk that a BIOS boots.</summary>
    private static readonly Guid BiosBootPartition = new("21686148-6449-6E6F-744E-656564454649");

    /// <summary>What the source says; else UEFI when a disk has an ESP and none has a BIOS boot partition.</summary>
    public static Firmware Firmware(SourceGuest source, IReadOnlyList<VolumeFinding> found) =>
        source.Firmware
        ?? (found.Any(f => f.Volume.GptType == EfiSystemPartition) && !found.Any(f => f.Volume.GptType == BiosBootPartition)
            ? Sources.Firmware.Uefi
            : Sources.Firmware.Bios);

    public static bool IsEfiSystemPartition(Volume volume) => volume.GptType == EfiSystemPartition || volume.MbrType == 0xEF;

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
