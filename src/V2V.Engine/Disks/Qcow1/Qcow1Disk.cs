using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow1;

/// <summary>A qcow image, version 1: two levels of tables whose entries are the place of a cluster, plain or compressed.</summary>
internal sealed class Qcow1Disk : MappedDevice, IDiskImage
{
    public const string Format = "qcow";

    private const ulong CompressedFlag = 1UL << 63;

    // Bytes of L2 tables kept. One of 4 KiB maps 2 MiB.
    private const int CacheSize = 4 << 20;

    private readonly Qcow1Header _header;
    private readonly IDiskImage? _backing;
    private readonly ulong[] _l1;
    private readonly TableCache<ulong> _l2;

    private Qcow1Disk(DiskFile file, Qcow1Header header, IDiskImage? backing) : base(file, header.DiskSize, backing?.Device)
    {
        _header = header;
        _backing = backing;
        _l1 = MappingTable.ReadUInt64(file, header.L1Offset, header.L1Entries, isBigEndian: true);
        _l2 = new TableCache<ulong>(CacheSize / (header.L2Entries * sizeof(ulong)), LoadL2);
    }

    public BlockDevice Device => this;

    private long Coverage => (long)_header.ClusterSize * _header.L2Entries;

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        Qcow1Header header = Qcow1Header.Read(file);
        chain.AddTable(file, Format, header.L1Entries * (long)sizeof(ulong));
        return new Qcow1Disk(file, header, header.BackingName is { } name ? BackingFile.Open(file, Format, name, format: null, chain) : null);
    }

    public DiskImageInfo Describe() => new(
        "qcow", Length, File.Allocated() + (_backing is null ? 0 : _backing.Describe().Allocated),
        $"version 1, clusters of {_header.ClusterSize} bytes{(_header.BackingName is { } backing ? $", on '{backing}'" : "")}");

    protected override MappedRun Map(long offset)
    {
        int table = (int)(offset / Coverage);
        if (_l1[table] == 0)
        {
            return Run(MappedKind.Unallocated, table * Coverage, Coverage);
        }

        long start = offset & -(long)_header.ClusterSize;
        ulong entry = _l2[table][(int)(offset % Coverage / _header.ClusterSize)];
        if (entry == 0)
        {
            return Run(MappedKind.Unallocated, start, _header.ClusterSize);
        }

        // The size of a compressed cluster stands above its place, in as many bits as a cluster's size needs.
        int offsetBits = 63 - _header.ClusterBits;
        long fileOffset = (long)(entry & ((1UL << offsetBits) - 1));
        bool isCompressed = (entry & CompressedFlag) != 0;
        int stored = (int)((entry & ~CompressedFlag) >> offsetBits);
        if ((!isCompressed && entry != (ulong)fileOffset) || fileOffset < Qcow1Header.Size || fileOffset >= File.Length || (isCompressed && stored > File.Length - fileOffset))
        {
            throw ImageFault.Corrupt(File, Format, fileOffset, $"the cluster for byte {start} of the disk cannot lie there; the file ends at {File.Length}.");
        }

        MappedRun run = Run(isCompressed ? MappedKind.Compressed : MappedKind.Data, start, _header.ClusterSize, fileOffset);
        return isCompressed ? run with { StoredLength = stored } : run;
    }

    protected override void Inflate(in MappedRun run, Span<byte> unit) => InflateStored(run, unit, Format);

    /// <summary>The file may end within its last cluster; the rest of it is zeros, as under QEMU.</summary>
    protected override void ReadData(long fileOffset, Span<byte> buffer) => ReadPadded(File, fileOffset, buffer);

    private ulong[] LoadL2(int table)
    {
        ulong offset = _l1[table];
        return offset >= Qcow1Header.Size && offset <= (ulong)Math.Max(0, File.Length - (_header.L2Entries * sizeof(ulong)))
            ? MappingTable.ReadUInt64(File, (long)offset, _header.L2Entries, isBigEndian: true)
            : throw ImageFault.Corrupt(File, Format, (long)offset, $"L2 table {table} cannot lie there; the file ends at {File.Length}.");
    }

    protected override void Dispose(bool disposing)
    {
        _backing?.Dispose();
        base.Dispose(disposing);
    }
}
