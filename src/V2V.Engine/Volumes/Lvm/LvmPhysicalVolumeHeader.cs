using System.Buffers.Binary;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>What a label says of its physical volume (lvm2, struct pv_header; the extension that may follow adds nothing that is needed here).</summary>
/// <param name="Id">The physical volume's UUID.</param>
/// <param name="DeviceSize">Bytes of the device when it became a physical volume.</param>
/// <param name="MetadataAreas">Where copies of the volume group's metadata are kept: none, one or two.</param>
internal sealed record LvmPhysicalVolumeHeader(LvmId Id, long DeviceSize, IReadOnlyList<LvmDiskLocation> MetadataAreas)
{
    /// <exception cref="VolumeException">The header does not fit its sector or says what cannot be.</exception>
    internal static LvmPhysicalVolumeHeader Read(LvmLabel label)
    {
        var offset = label.SectorNumber * LvmLabel.SectorLength;
        if (label.ContentOffset > LvmLabel.SectorLength - Field.DataAreas)
        {
            throw LvmErrors.Corrupt("The label of the LVM physical volume has no room for its header", offset);
        }

        var content = label.Sector.AsSpan(label.ContentOffset);
        var id = label.PhysicalVolumeId ?? throw LvmErrors.Corrupt("The label of the LVM physical volume has no UUID", offset);
        var position = Field.DataAreas;

        // Data areas come first; where the extents begin is said by the volume group's metadata, though.
        var areas = LvmDiskLocation.TryReadList(content, ref position) is not null ? LvmDiskLocation.TryReadList(content, ref position) : null;
        return areas is null
            ? throw LvmErrors.Corrupt($"The label of the LVM physical volume {id} has lists of areas without an end", offset)
            : new LvmPhysicalVolumeHeader(id, BinaryPrimitives.ReadInt64LittleEndian(content[Field.DeviceSize..]), areas);
    }

    private static class Field
    {
        internal const int DeviceSize = LvmId.Length;
        internal const int DataAreas = DeviceSize + sizeof(long);
    }
}
