using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// The boot sector's BIOS parameter block (Microsoft's "FAT: General Overview of On-Disk Format", version 1.03, "Boot Sector and BPB"), and the
/// places on the volume that follow from it. Offsets and lengths are in bytes.
/// </summary>
internal sealed class FatBootSector
{
    public const int Size = 512;

    /// <summary>Clusters that a FAT12 has at most; with one more it is a FAT16.</summary>
    private const uint MaxFat12Clusters = 4084;

    private const uint MaxFat16Clusters = 65524;

    /// <summary>What 28 bits can number, less the reserved values (fs/fat/fat.h, MAX_FAT32).</summary>
    private const uint MaxFat32Clusters = 0x0FFFFFF4;

    private FatBootSector()
    {
    }

    public required FatWidth Width { get; init; }

    public required int SectorSize { get; init; }

    public required int ClusterSize { get; init; }

    /// <summary>Number of data clusters; they are numbered from 2.</summary>
    public required uint ClusterCount { get; init; }

    public uint MaxCluster => ClusterCount + 1;

    /// <summary>Bytes from the boot sector to the end of the last cluster.</summary>
    public required long Length { get; init; }

    /// <summary>Where each table that is kept up to date begins; the first is the one to read.</summary>
    public required IReadOnlyList<long> Tables { get; init; }

    public required long DataOffset { get; init; }

    /// <summary>FAT12 and FAT16: where the root directory stands, and how many entries it has room for.</summary>
    public required long RootOffset { get; init; }

    public required int RootEntries { get; init; }

    /// <summary>FAT32: the root directory's first cluster; 0 otherwise.</summary>
    public required uint RootCluster { get; init; }

    /// <summary>FAT32: where the FSInfo sector stands, if there is one.</summary>
    public required long? InfoOffset { get; init; }

    /// <summary>As blkid prints it.</summary>
    public required string? Uuid { get; init; }

    /// <summary>The label in the boot sector, which counts when the root directory has none.</summary>
    public required string? Label { get; init; }

    /// <summary>Where a cluster that is known to exist stands.</summary>
    public long OffsetOf(uint cluster) => DataOffset + ((long)(cluster - FatTable.FirstCluster) * ClusterSize);

    /// <summary>Whether the volume claims to have sectors, and tables of some length.</summary>
    public static bool HasSizes(ReadOnlySpan<byte> raw) => TotalSectors(raw) != 0 && TableSectors(raw) != 0;

    /// <summary>Serial number and label, from a boot sector that need not be right otherwise.</summary>
    public static (string? Uuid, string? Label) Identity(ReadOnlySpan<byte> raw)
    {
        var start = U16(raw, Offsets.TableSectors16) == 0 ? Offsets.Extended32 : Offsets.Extended16;
        var serial = BinaryPrimitives.ReadUInt32LittleEndian(raw[(start + Offsets.SerialNumber)..]);
        var label = FatShortName.DecodeLabel(raw.Slice(start + Offsets.Label, FatShortName.Length));
        return (serial == 0 ? null : $"{serial >> 16:X4}-{serial & 0xFFFF:X4}", label);
    }

    /// <exception cref="GuestFileSystemException">The numbers contradict each other, or the volume's length.</exception>
    public static FatBootSector Parse(ReadOnlySpan<byte> raw, long volumeLength)
    {
        var sectorSize = U16(raw, Offsets.BytesPerSector);
        var sectorsPerCluster = raw[Offsets.SectorsPerCluster];
        var reserved = U16(raw, Offsets.ReservedSectors);
        var tables = raw[Offsets.Tables];
        var tableSectors = TableSectors(raw);
        var rootEntries = U16(raw, Offsets.RootEntries);
        var totalSectors = TotalSectors(raw);
        var is32 = U16(raw, Offsets.TableSectors16) == 0;

        var rootBytes = (long)rootEntries * FatDirectoryEntry.Size;
        var rootStart = reserved + (tables * (long)tableSectors);
        var dataStart = rootStart + ((rootBytes + sectorSize - 1) / sectorSize);
        if (totalSectors <= dataStart)
        {
            throw FatErrors.Corrupt($"its data would begin at sector {dataStart} of {totalSectors}.", Offsets.TotalSectors32);
        }

        if (totalSectors * sectorSize > volumeLength)
        {
            throw FatErrors.Corrupt($"it claims {totalSectors} sectors of {sectorSize} bytes on a volume of {volumeLength} bytes.", Offsets.TotalSectors32);
        }

        var clusters = (totalSectors - dataStart) / sectorsPerCluster;
        var width = is32 ? FatWidth.Fat32 : clusters > MaxFat12Clusters ? FatWidth.Fat16 : FatWidth.Fat12;
        var max = width switch { FatWidth.Fat12 => MaxFat12Clusters, FatWidth.Fat16 => MaxFat16Clusters, _ => MaxFat32Clusters };
        // As in Linux, clusters for which the table has no room do not exist.
        clusters = Math.Min(clusters, ((long)tableSectors * sectorSize * 8 / (int)width) - FatTable.FirstCluster);
        if (clusters < 1 || clusters > max)
        {
            throw FatErrors.Corrupt($"its sizes make {clusters} clusters, which no {width} has.", Offsets.SectorsPerCluster);
        }

        var rootCluster = is32 ? BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.RootCluster..]) : 0;
        if (is32 && (rootEntries != 0 || rootCluster < FatTable.FirstCluster || rootCluster > clusters + 1))
        {
            throw FatErrors.Corrupt($"its root directory would begin in cluster {rootCluster} of {clusters}.", Offsets.RootCluster);
        }

        if (is32 && U16(raw, Offsets.Version) is not 0 and var version)
        {
            throw FatErrors.Unsupported($"The FAT32 file system has version {version >> 8}.{version & 0xFF}; only 0.0 is known.");
        }

        if (!is32 && rootEntries == 0)
        {
            throw FatErrors.Corrupt("its root directory has no room for entries.", Offsets.RootEntries);
        }

        var info = is32 ? U16(raw, Offsets.InfoSector) : 0;
        var (uuid, label) = Identity(raw);
        return new FatBootSector
        {
            Width = width,
            SectorSize = sectorSize,
            ClusterSize = sectorSize * sectorsPerCluster,
            ClusterCount = (uint)clusters,
            Length = (dataStart + (clusters * sectorsPerCluster)) * sectorSize,
            Tables = LiveTables(raw, is32, tables, (long)reserved * sectorSize, (long)tableSectors * sectorSize),
            DataOffset = dataStart * sectorSize,
            RootOffset = rootStart * sectorSize,
            RootEntries = rootEntries,
            RootCluster = rootCluster,
            InfoOffset = info > 0 && info < reserved ? (long)info * sectorSize : null,
            Uuid = uuid,
            Label = label,
        };
    }

    /// <summary>FAT32 can say that only one of its tables is in use (BPB_ExtFlags); otherwise all are copies of each other.</summary>
    private static long[] LiveTables(ReadOnlySpan<byte> raw, bool is32, int count, long start, long length)
    {
        const int NotMirrored = 0x80;
        const int ActiveTable = 0x0F;
        var flags = is32 ? U16(raw, Offsets.ExtendedFlags) : 0;
        if ((flags & NotMirrored) == 0)
        {
            return [.. Enumerable.Range(0, count).Select(i => start + (i * length))];
        }

        var active = flags & ActiveTable;
        return active < count
            ? [start + (active * length)]
            : throw FatErrors.Corrupt($"its active table is number {active}, and it has {count}.", Offsets.ExtendedFlags);
    }

    private static uint TableSectors(ReadOnlySpan<byte> raw) =>
        U16(raw, Offsets.TableSectors16) is not 0 and var sectors ? sectors : BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.TableSectors32..]);

    private static long TotalSectors(ReadOnlySpan<byte> raw) =>
        U16(raw, Offsets.TotalSectors16) is not 0 and var sectors ? sectors : BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.TotalSectors32..]);

    private static ushort U16(ReadOnlySpan<byte> raw, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(raw[offset..]);

    private static class Offsets
    {
        public const int BytesPerSector = 11;
        public const int SectorsPerCluster = 13;
        public const int ReservedSectors = 14;
        public const int Tables = 16;
        public const int RootEntries = 17;
        public const int TotalSectors16 = 19;
        public const int TableSectors16 = 22;
        public const int TotalSectors32 = 32;

        // FAT32 only.
        public const int TableSectors32 = 36;
        public const int ExtendedFlags = 40;
        public const int Version = 42;
        public const int RootCluster = 44;
        public const int InfoSector = 48;

        // The same fields, after the block of FAT12 and FAT16 or that of FAT32.
        public const int Extended16 = 36;
        public const int Extended32 = 64;
        public const int SerialNumber = 3;
        public const int Label = 7;
    }
}
