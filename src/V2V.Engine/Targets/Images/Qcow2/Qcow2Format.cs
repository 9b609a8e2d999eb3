namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// The qcow2 parameters that V2V writes with, the same as qemu-img's defaults (QEMU docs/interop/qcow2.txt): version 3, clusters of 64 KiB,
/// reference counts of 16 bits.
/// </summary>
internal static class Qcow2Format
{
    public const int ClusterBits = 16;
    public const int ClusterSize = 1 << ClusterBits;
    public const int RefcountOrder = 4; // 1 << 4 bits

    /// <summary>Entries of one L2 table, which fills a cluster with 8 bytes each: it maps 512 MiB.</summary>
    public const int L2Entries = ClusterSize / sizeof(ulong);

    /// <summary>Entries of one refcount block, which fills a cluster with 2 bytes each: it counts for 2 GiB of the file.</summary>
    public const int RefcountBlockEntries = ClusterSize / sizeof(ushort);

    /// <summary>QEMU opens no image whose L1 table takes more than 32 MiB (QCOW_MAX_L1_SIZE in QEMU's block/qcow2.h).</summary>
    private const long MaximumL1Bytes = 32 << 20;

    private const long MaximumCapacity = MaximumL1Bytes / sizeof(ulong) * L2Entries * ClusterSize;

    private const int SectorSize = 512;

    public static long ClustersFor(long bytes) => (bytes + ClusterSize - 1) >> ClusterBits;

    /// <summary>The virtual size as stored: QEMU counts in whole sectors and cuts off the rest.</summary>
    public static long VirtualSize(long capacity) => (capacity + SectorSize - 1) / SectorSize * SectorSize;

    public static int L1EntriesFor(long capacity) => (int)((ClustersFor(capacity) + L2Entries - 1) / L2Entries);

    public static void CheckCapacity(string path, long capacity)
    {
        if (capacity > MaximumCapacity)
        {
            throw new TargetException(
                V2VError.TargetUnsupported, $"{path}: qcow2 holds disks of up to {MaximumCapacity} bytes, but this one has {capacity}.")
            {
                Path = path,
                Format = "qcow2",
                Advice = "Choose raw.",
            };
        }
    }

    /// <summary>
    /// Refcount blocks, and clusters of the table that points to them, for a file of <paramref name="clusters"/> clusters plus these themselves.
    /// </summary>
    public static (long Blocks, long TableClusters) RefcountClusters(long clusters)
    {
        long blocks = 0, table = 0;
        while (true)
        {
            var neededBlocks = (clusters + blocks + table + RefcountBlockEntries - 1) / RefcountBlockEntries;
            var neededTable = ClustersFor(neededBlocks * sizeof(ulong));
            if (neededBlocks == blocks && neededTable == table)
            {
                return (blocks, table);
            }

            (blocks, table) = (neededBlocks, neededTable);
        }
    }

    public static long MaximumFileSize(long capacity, CopyPlan plan)
    {
        long tables = 0, lastTable = -1;
        foreach (var extent in plan.Extents)
        {
            const long mapped = (long)L2Entries * ClusterSize;
            var first = Math.Max(extent.Offset / mapped, lastTable + 1);
            var last = (extent.End - 1) / mapped;
            tables += Math.Max(0, last - first + 1);
            lastTable = Math.Max(lastTable, last);
        }

        var clusters = 1 + ClustersFor(plan.TotalBytes) + tables + ClustersFor((long)L1EntriesFor(capacity) * sizeof(ulong));
        var (blocks, tableClusters) = RefcountClusters(clusters);
        return (clusters + blocks + tableClusters) * ClusterSize;
    }
}
