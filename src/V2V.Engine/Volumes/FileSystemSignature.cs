using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.Disks;

namespace V2V.Engine.Volumes;

/// <summary>Recognises file systems whose first sector can be mistaken for an MBR.</summary>
internal static class FileSystemSignature
{
    private const int SectorLength = 512;

    /// <summary>True when the disk begins with FAT, exFAT, NTFS or ext2/3/4.</summary>
    internal static bool IsOn(BlockDevice disk)
    {
        Span<byte> sector = stackalloc byte[SectorLength];
        disk.Read(0, sector);
        return IsNtfsOrExFat(sector) || IsFat(sector) || IsExt(disk);
    }

    /// <summary>
    /// Microsoft's FAT specification, section 3.1: a jump, and a BIOS parameter block that makes sense. The boot sectors of NTFS and exFAT
    /// have a block of the same shape.
    /// </summary>
    internal static bool IsFat(ReadOnlySpan<byte> sector)
    {
        const byte ShortJump = 0xEB;
        const byte NearJump = 0xE9;
        const byte RemovableMedia = 0xF0;
        const byte FixedMedia = 0xF8;
        var bytesPerSector = BinaryPrimitives.ReadUInt16LittleEndian(sector[BootSector.BytesPerSector..]);
        var media = sector[BootSector.Media];
        return !IsNtfsOrExFat(sector)
            && sector[0] is ShortJump or NearJump
            && bytesPerSector is 512 or 1024 or 2048 or 4096
            && BitOperations.IsPow2((uint)sector[BootSector.SectorsPerCluster])
            && BinaryPrimitives.ReadUInt16LittleEndian(sector[BootSector.ReservedSectors..]) != 0
            && sector[BootSector.Fats] is 1 or 2
            && media is RemovableMedia or >= FixedMedia;
    }

    private static bool IsNtfsOrExFat(ReadOnlySpan<byte> sector)
    {
        var name = sector.Slice(BootSector.OemName, BootSector.OemNameLength);
        return name.SequenceEqual("NTFS    "u8) || name.SequenceEqual("EXFAT   "u8);
    }

    private static bool IsExt(BlockDevice disk)
    {
        const int Superblock = 1024;
        const int Magic = 0x38;
        const ushort ExtMagic = 0xEF53;
        Span<byte> magic = stackalloc byte[sizeof(ushort)];
        if (disk.Length < Superblock * 2)
        {
            return false;
        }

        disk.Read(Superblock + Magic, magic);
        return BinaryPrimitives.ReadUInt16LittleEndian(magic) == ExtMagic;
    }

    private static class BootSector
    {
        internal const int OemName = 3;
        internal const int OemNameLength = 8;
        internal const int BytesPerSector = 11;
        internal const int SectorsPerCluster = 13;
        internal const int ReservedSectors = 14;
        internal const int Fats = 16;
        internal const int Media = 21;
    }
}
