using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow2;

/// <summary>A qcow2 image as its guest sees it now; internal snapshots are not looked at.</summary>
internal sealed class Qcow2Disk : MappedDevice, IDiskImage
{
    public const string Format = "qcow2";

    public const string ConvertAdvice = "Convert it with a current 'qemu-img convert -O qcow2' first.";

    // Bytes of L2 tables kept. One of 64 KiB maps 512 MiB.
    private const int CacheSize = 4 << 20;

    private readonly Qcow2Header _header;
    private readonly IDiskImage? _backing;
    private readonly DiskFile? _dataFile;
    private readonly ulong[] _l1;
    private readonly TableCache<ulong> _l2;
    private readonly ZstdInflater _zstd = new();

    private Qcow2Disk(DiskFile file, Qcow2Header header, DiskFile? dataFile, IDiskImage? backing) : base(file, header.Size, backing?.Device)
    {
        _header = header;
        _dataFile = dataFile;
        _backing = backing;
        _l1 = MappingTable.ReadUInt64(file, header.L1Offset, header.L1Entries, isBigEndian: true);
        _l2 = new TableCache<ulong>(Math.Max(2, CacheSize / header.ClusterSize), LoadL2);
    }

    public BlockDevice Device => this;

    protected override DiskFile DataFile => _dataFile ?? File;

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        Qcow2Header header = Qcow2Header.Read(file);
        chain.AddTable(file, Format, header.L1Entries * (long)sizeof(ulong));
        DiskFile? dataFile = header.DataFileName is { } name ? chain.OpenExtent(file, name, Format) : null;
        IDiskImage? backing = header.BackingName is { } below ? BackingFile.Open(file, Format, below, header.BackingFormat, chain) : null;
        return new Qcow2Disk(file, header, dataFile, backing);
    }

    public DiskImageInfo Describe()
    {
        string detail = $"version {_header.Version}, clusters of {_header.ClusterSize} bytes";
        if (_header.BackingName is { } backing)
        {
            detail += $", on '{backing}'";
        }

        if (_header.DataFileName is { } data)
        {
            detail += $", data in '{data}'";
        }

        Concern[] concerns = _header.Snapshots == 0 ? [] :
        [
            new Concern(ConcernSeverity.Information, "InternalSnapshots", $"'{File.Path}' has {_header.Snapshots} internal snapshots; only the current state is read."),
        ];
        return new DiskImageInfo("qcow2", Length, Allocated, detail) { Concerns = concerns };
    }

    private long? Allocated => File.Allocated() + (_dataFile?.Allocated() ?? 0) + (_backing is null ? 0 : _backing.Describe().Allocated);

    protected override MappedRun Map(long offset)
    {
        long coverage = (long)_header.ClusterSize * _header.L2Entries;
        int table = (int)(offset / coverage);
        if ((_l1[table] & Qcow2Entry.OffsetMask) == 0)
        {
            return Run(MappedKind.Unallocated, table * coverage, coverage, 0);
        }

        long start = offset & -(long)_header.ClusterSize;
        Qcow2Entry entry = Entry(_l2[table], (int)(offset % coverage / _header.ClusterSize));
        if (entry.IsCompressed)
        {
            if (_dataFile is not null)
            {
                throw ImageFault.Corrupt(File, Format, null, $"the cluster for byte {start} of the disk is compressed, which it cannot be in an external data file.");
            }

            (long fileOffset, int size) = entry.Compressed(_header.ClusterBits);
            CheckStart(fileOffset, start);
            return Run(MappedKind.Compressed, start, _header.ClusterSize, fileOffset) with { StoredLength = (int)Math.Min(size, File.Length - fileOffset) };
        }

        if (_header.HasExtendedEntries)
        {
            return SubclusterRun(entry, start, offset);
        }

        // With version 2 the zero bit is reserved.
        if (entry.IsZero && _header.Version > 2)
        {
            return Run(MappedKind.Zero, start, _header.ClusterSize, 0);
        }

        return !HasPlace(entry)
            ? Run(MappedKind.Unallocated, start, _header.ClusterSize, 0)
            : DataRun(start, _header.ClusterSize, entry.HostOffset, start);
    }

    protected override void Inflate(in MappedRun run, Span<byte> unit) =>
        InflateStored(run, unit, Format, _header.Compression == Qcow2Compression.Zstd ? _zstd : null);

    /// <summary>The file may end within its last cluster; the rest of it is zeros, as under QEMU.</summary>
    protected override void ReadData(long fileOffset, Span<byte> buffer) => ReadPadded(DataFile, fileOffset, buffer);

    private bool HasPlace(Qcow2Entry entry) => entry.HostOffset != 0 || (_dataFile is not null && entry.IsCopied);

    private MappedRun SubclusterRun(Qcow2Entry entry, long start, long offset)
    {
        int size = _header.ClusterSize / Qcow2Entry.SubclusterCount;
        int index = (int)((offset - start) / size);
        long from = start + (index * (long)size);
        if (entry.IsZeroed(index))
        {
            return Run(MappedKind.Zero, from, size, 0);
        }

        if (!entry.IsAllocated(index))
        {
            return Run(MappedKind.Unallocated, from, size, 0);
        }

        return HasPlace(entry)
            ? DataRun(from, size, entry.HostOffset + (index * (long)size), start)
            : throw ImageFault.Corrupt(File, Format, null, $"the cluster for byte {start} of the disk has allocated parts but no place in the file.");
    }

    private MappedRun DataRun(long start, long length, long fileOffset, long cluster)
    {
        if (fileOffset % length != 0)
        {
            throw ImageFault.Corrupt(File, Format, fileOffset, $"the cluster for byte {cluster} of the disk is not aligned.");
        }

        if (_dataFile is null)
        {
            CheckStart(fileOffset, cluster);
        }

        return Run(MappedKind.Data, start, length, fileOffset);
    }

    private void CheckStart(long fileOffset, long cluster)
    {
        if (fileOffset >= File.Length)
        {
            throw ImageFault.Corrupt(File, Format, fileOffset, $"the cluster for byte {cluster} of the disk lies beyond the file's end at {File.Length}.");
        }
    }

    private Qcow2Entry Entry(ulong[] table, int index) =>
        _header.HasExtendedEntries ? new Qcow2Entry(table[2 * index], table[(2 * index) + 1]) : new Qcow2Entry(table[index], 0);

    private ulong[] LoadL2(int table)
    {
        long offset = (long)(_l1[table] & Qcow2Entry.OffsetMask);
        if (offset % _header.ClusterSize != 0 || offset > File.Length - _header.ClusterSize)
        {
            throw ImageFault.Corrupt(File, Format, offset, $"L2 table {table} cannot lie there; the file ends at {File.Length}.");
        }

        return MappingTable.ReadUInt64(File, offset, _header.ClusterSize / sizeof(ulong), isBigEndian: true);
    }

    protected override void Dispose(bool disposing)
    {
        _zstd.Dispose();
        _dataFile?.Dispose();
        _backing?.Dispose();
        base.Dispose(disposing);
    }
}
