using System.Globalization;
using System.Numerics;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The first sector of a volume: its geometry and where the MFT lies.</summary>
internal sealed record NtfsBootSector
{
    public const int Size = 512;

    /// <summary>The largest cluster that Windows 10 1709 and later format.</summary>
    public const int MaxClusterSize = 2 << 20;

    private const int MinRecordSize = 512;
    private const int MaxRecordSize = 64 << 10;

    public required int SectorSize { get; init; }

    public required int ClusterSize { get; init; }

    /// <summary>Clusters of the volume; what is left of the last incomplete one belongs to none.</summary>
    public required long ClusterCount { get; init; }

    /// <summary>First cluster of $MFT.</summary>
    public required long MftCluster { get; init; }

    /// <summary>First cluster of $MFTMirr.</summary>
    public required long MirrorCluster { get; init; }

    /// <summary>Bytes of an MFT record.</summary>
    public required int RecordSize { get; init; }

    /// <summary>Bytes of a directory's index block.</summary>
    public required int IndexBlockSize { get; init; }

    public required ulong SerialNumber { get; init; }

    public int ClusterLog => BitOperations.Log2((uint)ClusterSize);

    public string Uuid => SerialNumber.ToString("X16", CultureInfo.InvariantCulture);

    public static bool HasOemId(ReadOnlySpan<byte> sector) => sector[Offsets.OemId..].StartsWith("NTFS    "u8);

    /// <summary>Reads a boot sector.</summary>
    /// <param name="sector">At least <see cref="Size"/> bytes.</param>
    /// <param name="deviceLength">Bytes of the volume, which the file system must not exceed.</param>
    /// <exception cref="GuestFileSystemException">A field makes no sense.</exception>
    public static NtfsBootSector Parse(ReadOnlySpan<byte> sector, long deviceLength)
    {
        int sectorSize = sector.U16(Offsets.SectorSize);
        if (sectorSize is < 512 or > 4096 || !BitOperations.IsPow2(sectorSize))
        {
            throw Invalid($"sectors of {sectorSize} bytes", Offsets.SectorSize);
        }

        // More than 128 sectors do not fit a signed byte, so the exponent is stored then, negated.
        var perCluster = sector[Offsets.SectorsPerCluster];
        var sectors = perCluster > 0x80 ? 256 - perCluster is var power && power <= 12 ? 1 << power : 0 : perCluster;
        var clusterSize = (long)sectors * sectorSize;
        if (clusterSize is 0 or > MaxClusterSize || !BitOperations.IsPow2(clusterSize))
        {
            throw Invalid($"clusters of {clusterSize} bytes (0x{perCluster:X2})", Offsets.SectorsPerCluster);
        }

        var totalSectors = sector.I64(Offsets.TotalSectors);
        if (totalSectors <= 0 || totalSectors > deviceLength / sectorSize)
        {
            throw NtfsErrors.Corrupt(
                $"it has {totalSectors} sectors of {sectorSize} bytes, but the volume only {deviceLength} bytes.", Offsets.TotalSectors);
        }

        var boot = new NtfsBootSector
        {
            SectorSize = sectorSize,
            ClusterSize = (int)clusterSize,
            ClusterCount = totalSectors / sectors,
            MftCluster = sector.I64(Offsets.MftCluster),
            MirrorCluster = sector.I64(Offsets.MirrorCluster),
            RecordSize = RecordSizeOf((sbyte)sector[Offsets.ClustersPerRecord], clusterSize, Offsets.ClustersPerRecord),
            IndexBlockSize = RecordSizeOf((sbyte)sector[Offsets.ClustersPerIndexBlock], clusterSize, Offsets.ClustersPerIndexBlock),
            SerialNumber = sector.U64(Offsets.SerialNumber),
        };
        if (boot.MftCluster <= 0 || boot.MftCluster >= boot.ClusterCount)
        {
            throw Invalid($"an MFT at cluster {boot.MftCluster} of {boot.ClusterCount}", Offsets.MftCluster);
        }

        return boot;
    }

    /// <summary>A positive number counts clusters; a negative one is the binary logarithm of the bytes.</summary>
    private static int RecordSizeOf(sbyte stored, long clusterSize, int offset)
    {
        var size = stored > 0 ? stored * clusterSize : stored > -31 ? 1L << -stored : 0;
        return size is >= MinRecordSize and <= MaxRecordSize && BitOperations.IsPow2(size)
            ? (int)size
            : throw Invalid($"records of {size} bytes", offset);
    }

    private static GuestFileSystemException Invalid(string what, int offset) => NtfsErrors.Corrupt($"the boot sector describes {what}.", offset);

    private static class Offsets
    {
        public const int OemId = 3;
        public const int SectorSize = 0x0B;
        public const int SectorsPerCluster = 0x0D;
        public const int TotalSectors = 0x28;
        public const int MftCluster = 0x30;
        public const int MirrorCluster = 0x38;
        public const int ClustersPerRecord = 0x40;
        public const int ClustersPerIndexBlock = 0x44;
        public const int SerialNumber = 0x48;
    }
}
