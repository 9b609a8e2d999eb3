using V2V.Engine.Disks;
using V2V.Engine.Volumes;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>Recognises FAT12, FAT16 and FAT32 by a BIOS parameter block that makes sense, and that is not NTFS' or exFAT's.</summary>
internal static class FatProbe
{
    public static bool Recognises(BlockDevice device)
    {
        if (device.Length < FatBootSector.Size)
        {
            return false;
        }

        Span<byte> sector = stackalloc byte[FatBootSector.Size];
        device.Read(0, sector);
        return FileSystemSignature.IsFat(sector) && FatBootSector.HasSizes(sector);
    }
}
