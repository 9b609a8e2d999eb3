using V2V.Engine.Disks;

namespace V2V.Engine.Volumes.Mbr;

/// <summary>
/// The partitions of a disk with a Master Boot Record: up to four primary ones, numbered by their entry, and logical ones from 5 on,
/// in the order of the chain of extended boot records.
/// </summary>
internal sealed class MbrPartitionTable
{
    private const int FirstLogicalNumber = 5;

    /// <summary>Linux has 256 minor numbers for the partitions of a disk, so no guest can use a longer chain.</summary>
    private const int MaxExtendedRecords = 256;

    private readonly WritableBlockDevice _disk;
    private readonly int _diskIndex;
    private readonly uint _signature;
    private readonly List<Volume> _volumes = [];

    private MbrPartitionTable(WritableBlockDevice disk, int diskIndex, uint signature) =>
        (_disk, _diskIndex, _signature) = (disk, diskIndex, signature);

    /// <exception cref="VolumeException">A partition does not lie on the disk, or the chain of logical partitions has no end.</exception>
    internal static MbrPartitionTable Read(WritableBlockDevice disk, int diskIndex, MbrSector mbr)
    {
        var table = new MbrPartitionTable(disk, diskIndex, mbr.DiskSignature);
        for (var i = 0; i < mbr.Entries.Count; i++)
        {
            if (mbr.Entries[i] is { IsUsed: true, IsExtended: false } entry)
            {
                table.Add(i + 1, entry, baseSector: 0);
            }
        }

        var number = FirstLogicalNumber;
        foreach (var extended in mbr.Entries.Where(e => e.IsUsed && e.IsExtended))
        {
            table.AddLogical(extended, ref number);
        }

        return table;
    }

    internal IReadOnlyList<Volume> Volumes() => _volumes;

    /// <summary>
    /// Follows a chain of extended boot records. Each holds a logical partition, counted from the record, and a link to the next record,
    /// counted from the start of the extended partition. A record that is missing ends the chain, as it does for Linux.
    /// </summary>
    private void AddLogical(MbrPartitionEntry extended, ref int number)
    {
        CheckOnDisk("the extended partition", extended.FirstSector, extended.Sectors, 0);
        var visited = new HashSet<long>();
        for (long? sector = extended.FirstSector; sector is { } at && MbrSector.TryRead(_disk, at) is { } record;)
        {
            if (!visited.Add(at) || visited.Count > MaxExtendedRecords)
            {
                throw Corrupt($"the chain of logical partitions comes back to sector {at} or has more than {MaxExtendedRecords} records", at);
            }

            foreach (var entry in record.Entries.Where(e => e.IsUsed && !e.IsExtended))
            {
                Add(number++, entry, at);
            }

            var link = record.Entries.FirstOrDefault(e => e.IsUsed && e.IsExtended);
            sector = link.IsUsed ? (long)extended.FirstSector + link.FirstSector : null;
            if (sector is { } next)
            {
                CheckOnDisk("the next record of the extended partition", next, 1, at);
            }
        }
    }

    private void Add(int number, MbrPartitionEntry entry, long baseSector)
    {
        var first = baseSector + entry.FirstSector;
        CheckOnDisk($"partition {number}", first, entry.Sectors, baseSector);
        _volumes.Add(new Volume
        {
            Kind = VolumeKind.MbrPartition,
            Device = new VolumeWindow(_disk, first * MbrSector.SectorLength, (long)entry.Sectors * MbrSector.SectorLength),
            DiskIndex = _diskIndex,
            StartOffset = first * MbrSector.SectorLength,
            PartitionNumber = number,

            // As Linux makes it: the number in hexadecimal. Without a signature nothing can refer to the partition by it.
            PartitionUuid = _signature == 0 ? null : $"{_signature:x8}-{number:x2}",
            MbrType = entry.Type,
            IsActive = entry.BootIndicator == MbrPartitionEntry.Active,
        });
    }

    private void CheckOnDisk(string what, long first, long count, long recordSector)
    {
        var sectors = _disk.Length / MbrSector.SectorLength;
        if (first < 1 || first > sectors - count)
        {
            throw Corrupt($"{what} is said to take sectors {first} to {first + count - 1} of a disk of {sectors}", recordSector);
        }
    }

    private VolumeException Corrupt(string what, long sector) =>
        new(V2VError.PartitionTableCorrupt, $"The partition table (MBR) of disk {_diskIndex + 1} is damaged: {what}.")
        {
            Format = "MBR",
            Offset = sector * MbrSector.SectorLength,
            Advice = "Compare the partition table with what the guest shows (fdisk -l), and check that the whole disk image is there.",
        };
}
