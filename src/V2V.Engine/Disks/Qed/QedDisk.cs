using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qed;

/// <summary>A QED image: two levels of tables whose entries are the place of a cluster, or say that it is zeros.</summary>
internal sealed class QedDisk : MappedDevice, IDiskImage
{
    public const string Format = "QED";

    private const ulong Unallocated = 0;
    private const ulong ZeroCluster = 1;

    // Bytes of L2 tables kept. One of 256 KiB maps 2 GiB.
    private const int CacheSize = 4 << 20;

    private readonly QedHeader _header;
    private readonly IDiskImage? _backing;
    private readonly ulong[] _l1;
    private readonly TableCache<ulong> _l2;

    private QedDisk(DiskFile file, QedHeader header, IDiskImage? backing) : base(file, header.DiskSize, backing?.Device)
    {
        _header = header;
        _backing = backing;
        _l1 = MappingTable.ReadUInt64(file, header.L1Offset, header.TableEntries);
        _l2 = new TableCache<ulong>(Math.Max(2, CacheSize / (header.TableEntries * sizeof(ulong))), LoadL2);
    }

    public BlockDevice Device => this;

    private long? Allocated => File.Allocated() + (_backing is null ? 0 : _backing.Describe().Allocated);

    private long Coverage => (long)_header.ClusterSize * _header.TableEntries;

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        QedHeader header = QedHeader.Read(file);
        chain.AddTable(file, Format, header.TableEntries * (long)sizeof(ulong));
        string? format = header.Features.HasFlag(QedFeatures.BackingFileIsRaw) ? "raw" : null;
        return new QedDisk(file, header, header.BackingName is { } name ? BackingFile.Open(file, Format, name, format, chain) : null);
    }

    public DiskImageInfo Describe()
    {
        Concern[] concerns = !_header.Features.HasFlag(QedFeatures.NeedsCheck) ? [] :
        [
            new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"'{File.Path}' was not closed properly by the software that wrote it last.",
                "Start the guest once and shut it down, or expect the state of a power failure."),
        ];
        string detail = $"clusters of {_header.ClusterSize} bytes{(_header.BackingName is { } backing ? $", on '{backing}'" : "")}";
        return new DiskImageInfo("qed", Length, Allocated, detail) { Concerns = concerns };
    }

    protected override MappedRun Map(long offset)
    {
        int table = (int)(offset / Coverage);
        if (_l1[table] == Unallocated)
        {
            return Run(MappedKind.Unallocated, table * Coverage, Coverage);
        }

        long start = offset & -(long)_header.ClusterSize;
        ulong entry = _l2[table][(int)(offset % Coverage / _header.ClusterSize)];
        return entry switch
        {
            Unallocated => Run(MappedKind.Unallocated, start, _header.ClusterSize),
            ZeroCluster => Run(MappedKind.Zero, start, _header.ClusterSize),
            _ when entry % (ulong)_header.ClusterSize == 0 && entry < (ulong)File.Length => Run(MappedKind.Data, start, _header.ClusterSize, (long)entry),
            _ => throw ImageFault.Corrupt(
                File, Format, (long)entry, $"the cluster for byte {start} of the disk cannot lie there; the file ends at {File.Length}."),
        };
    }

    /// <summary>The file may end within its last cluster; the rest of it is zeros, as under QEMU.</summary>
    protected override void ReadData(long fileOffset, Span<byte> buffer) => ReadPadded(File, fileOffset, buffer);

    private ulong[] LoadL2(int table)
    {
        ulong offset = _l1[table];
        long size = _header.TableEntries * (long)sizeof(ulong);
        return offset % (ulong)_header.ClusterSize == 0 && offset <= (ulong)Math.Max(0, File.Length - size)
            ? MappingTable.ReadUInt64(File, (long)offset, _header.TableEntries)
            : throw ImageFault.Corrupt(File, Format, (long)offset, $"L2 table {table} cannot lie there; the file ends at {File.Length}.");
    }

    protected override void Dispose(bool disposing)
    {
        _backing?.Dispose();
        base.Dispose(disposing);
    }
}
