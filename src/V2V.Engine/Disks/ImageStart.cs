using System.Buffers.Binary;
using V2V.Engine.Disks.Qcow2;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Vmdk;

namespace V2V.Engine.Disks;

/// <summary>
/// What an image's first sector tells. It is enough to list a disk that would have to be unpacked to be looked at thoroughly; that is done when
/// the disk is opened.
/// </summary>
internal static class ImageStart
{
    private const int Length = 512;
    private const int SectorSize = 512;
    private const long MaximumCapacity = 1L << 50;

    /// <summary>Format and capacity; null for formats that do not tell them there.</summary>
    public static (string Format, long Capacity)? Read(DiskFile file)
    {
        byte[] start = file.ReadStart(Length);
        if (start.Length < Length)
        {
            return null;
        }

        (string Format, ulong Capacity)? found =
            VmdkSparseHeader.HasMagic(start) ? ("vmdk", BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(12)) * SectorSize)
            : start.AsSpan().StartsWith(Qcow2Header.Magic) && start[7] > 1 ? ("qcow2", BinaryPrimitives.ReadUInt64BigEndian(start.AsSpan(24)))
            : null;
        return found is { Capacity: > 0 and <= MaximumCapacity } image ? (image.Format, (long)image.Capacity) : null;
    }
}
