using V2V.Engine.Disks;
using V2V.Engine.IO;

namespace V2V.Engine.Volumes.Gpt;

/// <summary>The partitions of a disk with a GUID Partition Table (UEFI 2.10, section 5.3), numbered by their entry.</summary>
internal sealed class GptPartitionTable
{
    /// <summary>The sizes of logical blocks that disks have; nothing on the disk tells which.</summary>
    private static readonly int[] SectorLengths = [512, 4096];

    private readonly WritableBlockDevice _disk;
    private readonly int _diskIndex;
    private readonly GptHeader _header;
    private readonly byte[] _entries;

    private GptPartitionTable(WritableBlockDevice disk, int diskIndex, GptHeader header, byte[] entries) =>
        (_disk, _diskIndex, _header, _entries) = (disk, diskIndex, header, entries);

    /// <summary>Reads the primary table or, when that is damaged, the backup at the end of the disk.</summary>
    /// <exception cref="VolumeException">Neither can be trusted.</exception>
    internal static GptPartitionTable Read(WritableBlockDevice disk, int diskIndex)
    {
        var problems = new List<string>();
        foreach (var isBackup in new[] { false, true })
        {
            foreach (var sectorLength in SectorLengths)
            {
                var sector = isBackup ? (disk.Length / sectorLength) - 1 : 1;
                var header = GptHeader.TryRead(disk, sector, sectorLength, out var reason);
                if (header is not null && TryReadEntries(disk, header, out reason) is { } entries)
                {
                    return new GptPartitionTable(disk, diskIndex, header, entries);
                }

                problems.Add($"{(isBackup ? "backup" : "primary")} at sector {sector} of {sectorLength} bytes: {reason}");
            }
        }

        throw Corrupt(diskIndex, $"neither of its tables can be used ({string.Join("; ", problems)})", SectorLengths[0]);
    }

    /// <exception cref="VolumeException">A partition does not lie on the disk.</exception>
    internal IReadOnlyList<Volume> Volumes()
    {
        var volumes = new List<Volume>();
        for (var i = 0; i < _header.EntryCount; i++)
        {
            if (GptPartitionEntry.Read(_entries.AsSpan(i * _header.EntryLength, _header.EntryLength)) is { } entry)
            {
                volumes.Add(Volume(i, entry));
            }
        }

        return volumes;
    }

    private Volume Volume(int index, GptPartitionEntry entry)
    {
        var sectors = (ulong)(_disk.Length / _header.SectorLength);
        if (entry.FirstSector < 1 || entry.FirstSector > entry.LastSector || entry.LastSector >= sectors)
        {
            throw Corrupt(
                _diskIndex,
                $"partition {index + 1} is said to take sectors {entry.FirstSector} to {entry.LastSector} of a disk of {sectors}",
                _header.EntriesOffset + (index * _header.EntryLength));
        }

        var start = (long)entry.FirstSector * _header.SectorLength;
        return new Volume
        {
            Kind = VolumeKind.GptPartition,
            Device = new VolumeWindow(_disk, start, (long)(entry.LastSector - entry.FirstSector + 1) * _header.SectorLength),
            DiskIndex = _diskIndex,
            StartOffset = start,
            PartitionNumber = index + 1,
            PartitionUuid = entry.UniqueId.ToString("D"),
            PartitionLabel = entry.Name.Length > 0 ? entry.Name : null,
            GptType = entry.Type,
            IsActive = entry.IsLegacyBootable,
        };
    }

    private static byte[]? TryReadEntries(WritableBlockDevice disk, GptHeader header, out string reason)
    {
        var entries = new byte[header.EntriesLength];
        disk.Read(header.EntriesOffset, entries);
        var computed = Crc32.Append(0, entries);
        reason = computed == header.EntriesChecksum ? "" : $"checksum of its entries {header.EntriesChecksum:x8}, contents {computed:x8}";
        return reason.Length == 0 ? entries : null;
    }

    private static VolumeException Corrupt(int diskIndex, string what, long offset) =>
        new(V2VError.PartitionTableCorrupt, $"The partition table (GPT) of disk {diskIndex + 1} is damaged: {what}.")
        {
            Format = "GPT",
            Offset = offset,
            Advice = "Check that the whole disk image is there, and let gdisk or sgdisk --verify inspect the table.",
        };
}
