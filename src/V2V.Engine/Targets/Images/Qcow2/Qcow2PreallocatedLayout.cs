namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Where everything is in an image whose clusters all have their place from the beginning: header, the disk's clusters in their order, L2
/// tables, L1 table, reference counts. All numbers are clusters.
/// </summary>
/// <param name="DataClusters">Clusters of the disk.</param>
/// <param name="L2Tables">L2 tables, a cluster each.</param>
/// <param name="L1Clusters">Clusters of the L1 table.</param>
internal sealed record Qcow2PreallocatedLayout(long DataClusters, long L2Tables, long L1Clusters)
{
    /// <summary>Host offset of the disk's first byte.</summary>
    public const long DataOffset = Qcow2Format.ClusterSize;

    /// <summary>Bytes of the whole file.</summary>
    public long FileSize => MetadataBytes + (DataClusters << Qcow2Format.ClusterBits);

    /// <summary>Bytes that do not hold the disk's contents.</summary>
    public long MetadataBytes
    {
        get
        {
            var (blocks, table) = Qcow2Format.RefcountClusters(1 + DataClusters + L2Tables + L1Clusters);
            return (1 + L2Tables + L1Clusters + blocks + table) << Qcow2Format.ClusterBits;
        }
    }

    public static Qcow2PreallocatedLayout For(long capacity)
    {
        var entries = Qcow2Format.L1EntriesFor(capacity);
        return new Qcow2PreallocatedLayout(Qcow2Format.ClustersFor(capacity), entries, Qcow2Format.ClustersFor((long)entries * sizeof(ulong)));
    }
}
