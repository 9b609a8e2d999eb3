using V2V.Engine.Disks;
using V2V.Engine.Volumes.Gpt;
using V2V.Engine.Volumes.Lvm;
using V2V.Engine.Volumes.Mbr;

namespace V2V.Engine.Volumes;

/// <summary>Finds the volumes on a guest's disks, by the rules and with the numbers of its Linux kernel.</summary>
public static class GuestVolumes
{
    /// <summary>The partitions of every disk in order, a disk without a partition table being one volume; then the logical volumes of LVM.</summary>
    /// <param name="disks">The guest's disks in its own order. They must outlive the volumes.</param>
    /// <exception cref="VolumeException">A partition table is damaged, or describes partitions that are not on the disk.</exception>
    public static IReadOnlyList<Volume> Discover(IReadOnlyList<WritableBlockDevice> disks)
    {
        ArgumentNullException.ThrowIfNull(disks);
        var volumes = new List<Volume>();
        for (var index = 0; index < disks.Count; index++)
        {
            volumes.AddRange(Discover(disks[index], index));
        }

        return LvmVolumeGroups.Discover(volumes);
    }

    private static IReadOnlyList<Volume> Discover(WritableBlockDevice disk, int index)
    {
        if (MbrSector.TryRead(disk, 0) is { } mbr)
        {
            // A protective entry hands the disk over to GPT, also in a hybrid table that repeats some GPT partitions for old systems.
            if (mbr.IsProtective)
            {
                return GptPartitionTable.Read(disk, index).Volumes();
            }

            if (mbr.HasPartitions && !IsBootSector(disk, mbr))
            {
                return MbrPartitionTable.Read(disk, index, mbr).Volumes();
            }
        }

        return [new Volume { Kind = VolumeKind.WholeDisk, Device = disk, DiskIndex = index }];
    }

    /// <summary>
    /// True when the first sector belongs to a file system on the whole disk. Such sectors end in 55AA too, and their boot code may look like
    /// partition entries; but a disk that was partitioned later can also carry old traces, so the entries have to make no sense.
    /// </summary>
    private static bool IsBootSector(WritableBlockDevice disk, MbrSector mbr) =>
        FileSystemSignature.IsOn(disk) && !mbr.IsPlausible(disk.Length);
}
