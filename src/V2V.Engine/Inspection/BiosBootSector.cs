using System.Buffers.Binary;
using V2V.Engine.Disks;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>
/// Whether a BIOS can start a disk. Paravirtual guests of Xen often have nothing there: pygrub reads their boot loader's configuration, but
/// needs no boot loader.
/// </summary>
internal static class BiosBootSector
{
    private const int SectorSize = 512;

    /// <summary>What follows are the disk signature and the partition table.</summary>
    private const int CodeLength = 440;

    /// <summary>Where GRUB 2's boot.img keeps its settings (include/grub/i386/pc/boot.h).</summary>
    private static class Grub2Fields
    {
        public const int CoreAddress = 0x5A;
        public const int CoreSector = 0x5C;
        public const int BootDrive = 0x64;
        public const ushort ExpectedAddress = 0x8000;
    }

    /// <summary>Where GRUB legacy's stage1 keeps them (stage1/stage1.h).</summary>
    private static class LegacyFields
    {
        public const int MajorVersion = 0x3E;
        public const int BootDrive = 0x40;
        public const int Stage2Sector = 0x44;
        public const byte ExpectedMajorVersion = 3;
    }

    /// <summary>"Whichever disk this was read from".</summary>
    private const byte OwnDrive = 0xFF;

    /// <param name="disk">The disk that the firmware would boot.</param>
    /// <param name="diskIndex">Its index.</param>
    /// <param name="volumes">Every volume of every disk.</param>
    public static bool CanStart(SourceDisk disk, int diskIndex, IReadOnlyList<GuestVolume> volumes)
    {
        using var device = disk.Open();
        Span<byte> sector = stackalloc byte[SectorSize];
        if (!TryRead(device, 0, sector) || !HasCode(sector))
        {
            return false;
        }

        if (sector.IndexOf("GRUB"u8) >= 0)
        {
            return HasCore(device, sector);
        }

        // LILO's is complete in itself; others, such as the one that parted writes into every table, go on to the active partition's.
        if (sector[6..].StartsWith("LILO"u8) || !volumes.Any(v => v.Volume.DiskIndex == diskIndex && v.Volume.PartitionNumber is not null))
        {
            return true;
        }

        foreach (var volume in volumes.Select(v => v.Volume).Where(v => v.DiskIndex == diskIndex && v.IsActive))
        {
            if (TryRead(volume.Device, 0, sector) && HasCode(sector))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasCode(ReadOnlySpan<byte> sector) => sector is [.., 0x55, 0xAA] && sector[..CodeLength].IndexOfAnyExcept((byte)0) >= 0;

    /// <summary>GRUB's first sector loads the rest from where the installer put it, which somebody who partitions anew may wipe.</summary>
    private static bool HasCore(BlockDevice device, ReadOnlySpan<byte> sector)
    {
        long core;
        if (sector[LegacyFields.MajorVersion] == LegacyFields.ExpectedMajorVersion && sector[LegacyFields.BootDrive] == OwnDrive)
        {
            core = BinaryPrimitives.ReadUInt32LittleEndian(sector[LegacyFields.Stage2Sector..]);
        }
        else if (BinaryPrimitives.ReadUInt16LittleEndian(sector[Grub2Fields.CoreAddress..]) == Grub2Fields.ExpectedAddress
            && sector[Grub2Fields.BootDrive] == OwnDrive)
        {
            core = BinaryPrimitives.ReadInt64LittleEndian(sector[Grub2Fields.CoreSector..]);
        }
        else
        {
            return true; // A version with other fields, or the rest is on another disk: nothing speaks against it.
        }

        Span<byte> content = stackalloc byte[SectorSize];
        return TryRead(device, core, content) && content.IndexOfAnyExcept((byte)0) >= 0;
    }

    private static bool TryRead(BlockDevice device, long sector, Span<byte> content)
    {
        if (sector < 0 || sector >= device.Length / SectorSize)
        {
            return false;
        }

        device.Read(sector * SectorSize, content);
        return true;
    }
}
