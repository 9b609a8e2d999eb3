namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>$INDEX_ROOT: what the index is about, and its root node.</summary>
internal static class NtfsIndexRoot
{
    /// <summary>Bytes before the node.</summary>
    public const int HeaderSize = 16;

    /// <summary>Bytes of a root with no entries.</summary>
    public const int EmptyLength = HeaderSize + NtfsIndexNode.HeaderSize + NtfsIndexEntry.HeaderSize;

    /// <summary>Bytes of a root that has nothing but a pointer to the node below it.</summary>
    public const int MinLengthWithChild = EmptyLength + sizeof(ulong);

    internal static class Offsets
    {
        public const int AttributeType = 0;
        public const int CollationRule = 4;
        public const int RecordSize = 8;
        public const int ClustersPerRecord = 12;
    }

    /// <summary>The value for a new index.</summary>
    /// <param name="collation">Order of its keys; the file name's makes it a directory.</param>
    /// <param name="recordSize">Bytes of an index record, from the boot sector.</param>
    /// <param name="clusterSize">Bytes of a cluster.</param>
    public static byte[] Create(NtfsCollation collation, int recordSize, int clusterSize)
    {
        var raw = new byte[EmptyLength];
        var span = raw.AsSpan();
        span.Put32(Offsets.AttributeType, collation.Rule == NtfsCollation.RuleFileName ? (uint)NtfsAttributeType.FileName : 0);
        span.Put32(Offsets.CollationRule, collation.Rule);
        span.Put32(Offsets.RecordSize, (uint)recordSize);
        raw[Offsets.ClustersPerRecord] = (byte)(recordSize / VcnUnit(recordSize, clusterSize));
        NtfsIndexNode.Empty.Write(span[HeaderSize..], NtfsIndexNode.HeaderSize, EmptyLength - HeaderSize);
        return raw;
    }

    /// <summary>Bytes that a VCN of an index counts: a cluster, or 512 when index records are smaller than one.</summary>
    public static int VcnUnit(int recordSize, int clusterSize) => recordSize >= clusterSize ? clusterSize : NtfsFixups.Stride;
}
