using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.Volumes.Mbr;

/// <summary>A Master Boot Record, or an extended boot record, which has the same layout (UEFI 2.10, section 5.2.1).</summary>
internal sealed class MbrSector
{
    /// <summary>Sectors of an MBR are counted in this unit on every disk that a hypervisor offers to BIOS guests.</summary>
    internal const int SectorLength = 512;

    private const int EntryCount = 4;
    private const ushort BootSignature = 0xAA55;

    private MbrSector(ReadOnlySpan<byte> sector)
    {
        DiskSignature = BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.DiskSignature..]);
        var entries = new MbrPartitionEntry[EntryCount];
        for (var i = 0; i < EntryCount; i++)
        {
            entries[i] = MbrPartitionEntry.Read(sector[(Field.Entries + (i * MbrPartitionEntry.Length))..]);
        }

        Entries = entries;
    }

    internal uint DiskSignature { get; }

    internal IReadOnlyList<MbrPartitionEntry> Entries { get; }

    internal bool IsProtective => Entries.Any(e => e.IsUsed && e.IsProtective);

    internal bool HasPartitions => Entries.Any(e => e.IsUsed);

    /// <summary>The record at a sector, or null when there is none: no signature, or boot indicators that Linux does not accept either.</summary>
    internal static MbrSector? TryRead(BlockDevice disk, long sector)
    {
        if (sector > (disk.Length / SectorLength) - 1)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[SectorLength];
        disk.Read(sector * SectorLength, bytes);
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[Field.BootSignature..]) != BootSignature)
        {
            return null;
        }

        var record = new MbrSector(bytes);
        return record.Entries.All(e => e.HasValidBootIndicator) ? record : null;
    }

    /// <summary>True when the used entries all lie on the disk and nowhere overlap.</summary>
    internal bool IsPlausible(long diskLength)
    {
        long end = 1; // the record itself
        foreach (var entry in Entries.Where(e => e.IsUsed).OrderBy(e => e.FirstSector))
        {
            if (entry.FirstSector < end)
            {
                return false;
            }

            end = (long)entry.FirstSector + entry.Sectors;
        }

        return end <= diskLength / SectorLength;
    }

    private static class Field
    {
        internal const int DiskSignature = 440;
        internal const int Entries = 446;
        internal const int BootSignature = 510;
    }
}
