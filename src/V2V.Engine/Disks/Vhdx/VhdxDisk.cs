using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>
/// A disk of Hyper-V (.vhdx): fixed, dynamic, or a link of a chain of differencing disks. A table has an entry for each payload block and,
/// after every <see cref="VhdxMetadata.ChunkRatio"/> of them, one for a block of bits that tell which sectors a differencing disk has itself
/// ([MS-VHDX] 2.5).
/// </summary>
internal sealed class VhdxDisk : MappedDevice, IDiskImage
{
    public const string Format = "VHDX";

    public const string ConvertAdvice = "Convert it with Hyper-V's Convert-VHD or with 'qemu-img convert -O qcow2' first.";

    // Entries of the block allocation table that are read at once, and pages of them that are kept: 2 MiB.
    private const int PageEntries = 4096;
    private const int Pages = 64;

    // Bitmaps kept, of 8 KiB for a block of 32 MiB.
    private const int Bitmaps = 256;

    private const long MiB = 1 << 20;

    private enum BlockState
    {
        NotPresent = 0,
        Undefined = 1,
        Zero = 2,
        Unmapped = 3,
        FullyPresent = 6,
        PartiallyPresent = 7,
    }

    private readonly VhdxHeader _header;
    private readonly VhdxMetadata _metadata;
    private readonly VhdxRegion _table;
    private readonly VhdxDisk? _parent;
    private readonly bool _wasReplayed;
    private readonly TableCache<ulong> _entries;
    private readonly TableCache<byte> _bitmaps;

    private VhdxDisk(DiskFile file, VhdxHeader header, VhdxMetadata metadata, VhdxRegion table, VhdxDisk? parent)
        : base(file, metadata.DiskSize, parent)
    {
        _header = header;
        _metadata = metadata;
        _table = table;
        _parent = parent;
        _wasReplayed = file is VhdxReplayedFile;
        _entries = new TableCache<ulong>(Pages, LoadEntries);
        _bitmaps = new TableCache<byte>(Bitmaps, LoadBitmap);
    }

    public BlockDevice Device => this;

    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        VhdxHeader header = VhdxHeader.Read(file);
        DiskFile replayed = VhdxLog.Replay(file, header);
        VhdxRegions regions = VhdxRegions.Read(replayed);
        VhdxMetadata metadata = VhdxMetadata.Read(replayed, regions.Metadata);
        if (metadata.SectorSize != 512)
        {
            throw ImageFault.Unsupported(
                file, Format, $"has logical sectors of {metadata.SectorSize} bytes; the converted guest's disks have sectors of 512 bytes, from which a system set up like this does not boot.",
                "Clone the guest's partitions, with an imaging tool that adjusts sector sizes, to a disk made with 'New-VHD -LogicalSectorSizeBytes 512', check that it boots from that in Hyper-V, and convert that disk.");
        }

        CheckTable(replayed, metadata, regions.BlockAllocationTable);
        VhdxDisk? parent = metadata.Parent is { } locator ? OpenParent(file, locator, chain) : null;
        return new VhdxDisk(replayed, header, metadata, regions.BlockAllocationTable, parent);
    }

    public DiskImageInfo Describe()
    {
        Concern[] concerns = !_wasReplayed ? [] :
        [
            new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"'{File.Path}' was not closed properly by the software that wrote it last; its log was replayed in memory.",
                "Start the guest in Hyper-V once and shut it down, or expect the state of a power failure."),
        ];
        return new DiskImageInfo("vhdx", Length, Allocated, $"{(_parent is null ? "" : "differencing, ")}blocks of {_metadata.BlockSize} bytes") { Concerns = concerns };
    }

    private long? Allocated => File.Allocated() + (_parent?.Allocated ?? 0);

    protected override MappedRun Map(long offset)
    {
        long block = offset / _metadata.BlockSize;
        long start = block * _metadata.BlockSize;
        ulong entry = Entry(block + (block / _metadata.ChunkRatio));
        var state = (BlockState)(entry & 7);
        switch (state)
        {
            // Without a parent all three read as zeros; of a differencing disk only the first leads to the parent.
            case BlockState.NotPresent:
                return Run(MappedKind.Unallocated, start, _metadata.BlockSize, 0);
            case BlockState.Undefined or BlockState.Zero or BlockState.Unmapped:
                return Run(MappedKind.Zero, start, _metadata.BlockSize, 0);
            case BlockState.FullyPresent:
                return DataRun(block, start, _metadata.BlockSize, FileOffset(entry), 0);
            case BlockState.PartiallyPresent when _parent is not null:
                int first = (int)((offset - start) / _metadata.SectorSize);
                (int count, bool isPresent) = SectorBitmap.Run(
                    _bitmaps[(int)block], first, _metadata.BlockSize / _metadata.SectorSize, isMostSignificantFirst: false);
                long within = (long)first * _metadata.SectorSize;
                long length = (long)count * _metadata.SectorSize;
                return isPresent
                    ? DataRun(block, start + within, length, FileOffset(entry), within)
                    : Run(MappedKind.Unallocated, start + within, length, 0);
            default:
                throw ImageFault.Corrupt(File, Format, EntryOffset(block + (block / _metadata.ChunkRatio)), $"block {block} of the disk is in the state {(int)state}, which is not possible.");
        }
    }

    /// <summary>The name is a hint; the linkage proves that a file is the right parent.</summary>
    private static VhdxDisk OpenParent(DiskFile file, VhdxParentLocator locator, ImageChain chain)
    {
        DiskFile found = chain.OpenParent(file, locator.Path, Format, byBaseName: true);
        var parent = (VhdxDisk)Open(found, chain);
        return locator.Linkages.Contains(parent._header.DataWriteGuid)
            ? parent
            : throw new DiskImageException(
                V2VError.DiskImageCorrupt,
                $"The VHDX '{file.Path}' was made on a parent with the linkage {locator.Linkages[0]}, but its parent '{locator.Path}' has {parent._header.DataWriteGuid}.")
            {
                Path = file.Path,
                Format = Format,
                Advice = "The parent was changed after the snapshot was taken, or is another file: restore the one that belongs to it.",
            };
    }

    private static void CheckTable(DiskFile file, VhdxMetadata metadata, VhdxRegion table)
    {
        long blocks = ((metadata.DiskSize - 1) / metadata.BlockSize) + 1;
        long chunks = ((blocks - 1) / metadata.ChunkRatio) + 1;
        long entries = metadata.Parent is null ? blocks + chunks - 1 : chunks * (metadata.ChunkRatio + 1L);
        if (table.Length < entries * sizeof(ulong))
        {
            throw ImageFault.Corrupt(
                file, Format, table.Offset, $"its block allocation table has {table.Length} bytes; {entries * sizeof(ulong)} are needed for {metadata.DiskSize} bytes of disk.");
        }
    }

    private MappedRun DataRun(long block, long start, long length, long blockOffset, long within)
    {
        MappedRun run = Run(MappedKind.Data, start, length, blockOffset + within);
        return blockOffset >= MiB && run.FileOffset <= File.Length - run.Length
            ? run
            : throw ImageFault.Corrupt(File, Format, blockOffset, $"block {block} of the disk cannot lie there; the file ends at {File.Length}.");
    }

    private static long FileOffset(ulong entry) => (long)(entry >> 20) * MiB;

    private long EntryOffset(long index) => _table.Offset + (index * sizeof(ulong));

    private ulong Entry(long index) => _entries[(int)(index / PageEntries)][index % PageEntries];

    private ulong[] LoadEntries(int page)
    {
        long first = (long)page * PageEntries;
        return MappingTable.ReadUInt64(File, EntryOffset(first), (int)Math.Min(PageEntries, (_table.Length / sizeof(ulong)) - first));
    }

    /// <summary>The bits of one payload block, out of the bitmap block of its chunk.</summary>
    private byte[] LoadBitmap(int block)
    {
        long chunk = block / _metadata.ChunkRatio;
        long index = (chunk * (_metadata.ChunkRatio + 1L)) + _metadata.ChunkRatio;
        ulong entry = Entry(index);
        int size = _metadata.BlockSize / _metadata.SectorSize / 8;
        long offset = FileOffset(entry) + ((long)(block % _metadata.ChunkRatio) * size);
        if ((BlockState)(entry & 7) != BlockState.FullyPresent || offset < MiB || offset > File.Length - size)
        {
            throw ImageFault.Corrupt(File, Format, EntryOffset(index), $"block {block} of the disk is partly present, but there is no bitmap of its sectors.");
        }

        byte[] bitmap = new byte[size];
        File.Read(offset, bitmap);
        return bitmap;
    }

    protected override void Dispose(bool disposing)
    {
        _parent?.Dispose();
        base.Dispose(disposing);
    }
}
