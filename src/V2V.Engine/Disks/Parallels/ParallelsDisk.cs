using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>
/// An expanding image of Parallels or Virtuozzo (.hdd, .hds): a map tells where each block stands. Snapshots are files of their own, tied
/// together by a bundle's DiskDescriptor.xml, and are not followed from here.
/// </summary>
internal sealed class ParallelsDisk : MappedDevice, IDiskImage
{
    public const string Format = "Parallels";

    public const string ConvertAdvice = "Convert it with 'prl_disk_tool' or 'qemu-img convert -O qcow2' first.";

    private readonly ParallelsHeader _header;
    private readonly uint[] _map;

    private ParallelsDisk(DiskFile file, ParallelsHeader header) : base(file, header.DiskSize, backing: null)
    {
        _header = header;
        _map = MappingTable.ReadUInt32(file, ParallelsHeader.Size, header.Entries);
    }

    public BlockDevice Device => this;

    public static IDiskImage Open(DiskFile file, ImageChain chain) => new ParallelsDisk(file, ParallelsHeader.Read(file));

    public DiskImageInfo Describe()
    {
        Concern[] concerns = !_header.WasNotClosed ? [] :
        [
            new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"'{File.Path}' was not closed properly by the software that wrote it last.",
                "Start the guest once and shut it down, or expect the state of a power failure."),
        ];
        return new DiskImageInfo("parallels", Length, File.Allocated(), $"blocks of {_header.BlockSize} bytes") { Concerns = concerns };
    }

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
}
