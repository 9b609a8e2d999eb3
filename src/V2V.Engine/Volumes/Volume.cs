using V2V.Engine.Disks;
using V2V.Engine.Volumes.Lvm;

namespace V2V.Engine.Volumes;

public enum VolumeKind
{
    /// <summary>A disk without a partition table, used as a whole.</summary>
    WholeDisk,
    MbrPartition,
    GptPartition,
    LogicalVolume,
}

/// <summary>
/// A part of the guest's disks that can hold a file system, swap space or another layer, with every name by which the guest may call it.
/// </summary>
public sealed record Volume
{
    public required VolumeKind Kind { get; init; }

    /// <summary>A window onto the (overlaid) disk; offset 0 is the volume's first byte.</summary>
    public required WritableBlockDevice Device { get; init; }

    /// <summary>Zero-based index of the disk in the source guest's disk order; of the first disk for a logical volume.</summary>
    public required int DiskIndex { get; init; }

    /// <summary>First byte of the volume on its disk; 0 for logical volumes.</summary>
    public long StartOffset { get; init; }

    /// <summary>One-based number as Linux counts it (logical MBR partitions from 5); null for a whole disk or logical volume.</summary>
    public int? PartitionNumber { get; init; }

    /// <summary>PARTUUID as udev spells it: a lower-case GUID (GPT) or "dddddddd-nn" from the disk signature (MBR).</summary>
    public string? PartitionUuid { get; init; }

    /// <summary>GPT partition name.</summary>
    public string? PartitionLabel { get; init; }

    /// <summary>GPT partition type.</summary>
    public Guid? GptType { get; init; }

    /// <summary>MBR partition type.</summary>
    public byte? MbrType { get; init; }

    /// <summary>MBR boot indicator or GPT legacy BIOS bootable attribute.</summary>
    public bool IsActive { get; init; }

    /// <summary>The LVM volume group of a logical volume, or of the physical volume that this is.</summary>
    public string? VolumeGroup { get; init; }

    /// <summary>Its UUID as LVM writes it, in groups of letters and digits.</summary>
    public string? VolumeGroupUuid { get; init; }

    public string? LogicalVolume { get; init; }

    /// <summary>Its UUID as LVM writes it.</summary>
    public string? LogicalVolumeUuid { get; init; }

    /// <summary>
    /// Why a volume that was recognised cannot be used: a thin logical volume, a physical volume with damaged metadata. The device of a logical
    /// volume is empty then.
    /// </summary>
    public VolumeException? Failure { get; init; }

    /// <summary>The parts of a physical volume that belong to no logical volume. Empty when that is not known for sure.</summary>
    public IReadOnlyList<DiskRange> Unallocated { get; init; } = [];

    /// <summary>How messages call it: "disk 1, partition 2", "vg0/root".</summary>
    public string DisplayName => Kind switch
    {
        VolumeKind.LogicalVolume => $"{VolumeGroup}/{LogicalVolume}",
        VolumeKind.WholeDisk => $"disk {DiskIndex + 1}",
        _ => $"disk {DiskIndex + 1}, partition {PartitionNumber}",
    };

    /// <summary>Where the bytes of a range of the volume lie on the guest's disks.</summary>
    public IEnumerable<DiskRange> DiskRanges(long offset, long length) =>
        Device is LvmDevice mapped ? mapped.DiskRanges(offset, length) : [new DiskRange(DiskIndex, StartOffset + offset, length)];
}
