using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>
/// The label by which LVM2 knows its physical volumes: in one of the first four sectors, with its checksum and its own place found right
/// (lvm2, struct label_header).
/// </summary>
/// <param name="Sector">The whole sector.</param>
/// <param name="SectorNumber">Where it stands.</param>
/// <param name="ContentOffset">Where the header of the physical volume begins in the sector.</param>
internal sealed record LvmLabel(byte[] Sector, int SectorNumber, int ContentOffset)
{
    internal const int SectorLength = 512;

    /// <summary>Bytes from the start of a device in which a label may be.</summary>
    internal const int ScanLength = 4 * SectorLength;

    /// <summary>Null when what stands there is no UUID.</summary>
    internal LvmId? PhysicalVolumeId => ContentOffset <= SectorLength - LvmId.Length ? LvmId.Read(Sector.AsSpan(ContentOffset)) : null;

    internal static LvmLabel? TryRead(BlockDevice device)
    {
        Span<byte> head = stackalloc byte[ScanLength];
        head = head[..(int)Math.Min(device.Length, ScanLength)];
        device.Read(0, head);
        return TryFind(head);
    }

    /// <summary>Looks for the label in the first sectors of a device, or in as many of them as there are.</summary>
    internal static LvmLabel? TryFind(ReadOnlySpan<byte> head)
    {
        for (var number = 0; (number + 1) * SectorLength <= Math.Min(head.Length, ScanLength); number++)
        {
            var sector = head.Slice(number * SectorLength, SectorLength);
            if (sector.StartsWith("LABELONE"u8)
                && sector[Field.Type..].StartsWith("LVM2 001"u8)
                && BinaryPrimitives.ReadUInt64LittleEndian(sector[Field.SectorNumber..]) == (ulong)number
                && BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.Checksum..]) == LvmChecksum.Of(sector[Field.ContentOffset..]))
            {
                var offset = BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.ContentOffset..]);
                return new LvmLabel(sector.ToArray(), number, (int)Math.Min(offset, SectorLength));
            }
        }

        return null;
    }

    private static class Field
    {
        internal const int SectorNumber = 8;
        internal const int Checksum = 16;

        /// <summary>The checksum covers everything from here to the end of the sector.</summary>
        internal const int ContentOffset = 20;
        internal const int Type = 24;
    }
}
