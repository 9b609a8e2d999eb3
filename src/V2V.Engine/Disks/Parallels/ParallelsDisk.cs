using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>
/// An expanding image of Parallels or Virtuozzo (.hdd, .hds): a map tells where each block stands. Snapshots are files of their own, which do
/// not name each other: a bundle's DiskDescriptor.xml ties them together (see <see cref="ParallelsBundle"/>).
/// </summary>
internal sealed class ParallelsDisk : MappedDevice, IDiskImage
{
    public const string Format = "Parallels";

    public const string ConvertAdvice = "Convert it with 'prl_disk_tool' or 'qemu-img convert -O qcow2' first.";

    private readonly ParallelsHeader _header;
    private readonly BlockDevice? _parent;
    private readonly uint[] _map;

    private ParallelsDisk(DiskFile file, ParallelsHeader header, long length, BlockDevice? parent) : base(file, length, parent)
    {
        _header = header;
        _parent = parent;
        _map = MappingTable.ReadUInt32(file, ParallelsHeader.Size, header.Entries);
    }

    public BlockDevice Device => this;

    public IReadOnlyList<Concern> Concerns => !_header.WasNotClosed ? [] :
    [
        new Concern(
            ConcernSeverity.Warning, "DiskNotClosed", $"'{File.Path}' was not closed properly by the software that wrote it last.",
            "Start the guest once and shut it down, or expect the state of a power failure."),
    ];

    /// <summary>Opens an image that stands alone, or the descriptor of a bundle.</summary>
    public static IDiskImage Open(DiskFile file, ImageChain chain)
    {
        byte[] start = file.ReadStart(DiskFormat.ProbeSize);
        if (ParallelsDescriptor.IsDescriptor(start))
        {
            return ParallelsBundle.Open(file, chain);
        }

        ParallelsHeader header = ReadHeader(file, chain);
        return new ParallelsDisk(file, header, header.DiskSize, parent: null);
    }

    /// <summary>Opens an image of a bundle.</summary>
    /// <param name="file">Its file; disposed with the image.</param>
    /// <param name="length">Size that the descriptor gives it.</param>
    /// <param name="parent">What it builds upon; disposed with the image.</param>
    /// <param name="chain">Counts its map.</param>
    public static ParallelsDisk Open(DiskFile file, long length, BlockDevice? parent, ImageChain chain)
    {
        ParallelsHeader header = ReadHeader(file, chain);
        return header.DiskSize >= length
            ? new ParallelsDisk(file, header, length, parent)
            : throw ImageFault.Corrupt(file, Format, null, $"its header says {header.DiskSize} bytes, but the bundle's descriptor needs {length}.");
    }

    private static ParallelsHeader ReadHeader(DiskFile file, ImageChain chain)
    {
        ParallelsHeader header = ParallelsHeader.Read(file);
        chain.AddTable(file, Format, header.Entries * (long)sizeof(uint));
        return header;
    }

    public DiskImageInfo Describe() => new("parallels", Length, File.Allocated(), $"blocks of {_header.BlockSize} bytes") { Concerns = Concerns };

    protected override MappedRun Map(long offset)
    {
        int block = (int)(offset / _header.BlockSize);
        long start = block * _header.BlockSize;
        long length = Math.Min(_header.BlockSize, Length - start);
        if (_map[block] == 0)
        {
            return new MappedRun(MappedKind.Unallocated, start, length);
        }

        long fileOffset = _map[block] * _header.EntryUnit;
        return fileOffset >= ParallelsHeader.Size && fileOffset <= File.Length - length
            ? new MappedRun(MappedKind.Data, start, length, fileOffset)
            : throw ImageFault.Corrupt(File, Format, fileOffset, $"block {block} of the disk cannot lie there; the file ends at {File.Length}.");
    }

    protected override void Dispose(bool disposing)
    {
        _parent?.Dispose();
        base.Dispose(disposing);
    }
}
