using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>
/// A dynamic or differencing VHD (specification 1.0, "Block Allocation Table and Data Blocks"): a table of blocks, each with a bitmap of
/// the sectors that were written. The others are zeros, or the parent's.
/// </summary>
internal sealed class VhdDynamicDisk : MappedDevice, IVhdImage
{
    private const uint Unallocated = uint.MaxValue;
    private const int SectorSize = 512;

    // Bytes of bitmaps kept. One of 512 bytes stands for 2 MiB of the disk.
    private const int CacheSize = 2 << 20;

    private readonly VhdFooter _footer;
    private readonly VhdDynamicHeader _header;
    private readonly IVhdImage? _parent;
    private readonly uint[] _table;
    private readonly TableCache<byte> _bitmaps;

    public VhdDynamicDisk(DiskFile file, VhdFooter footer, VhdDynamicHeader header, IVhdImage? parent)
        : base(file, footer.DiskSize, parent?.Device)
    {
        _footer = footer;
        _header = header;
        _parent = parent;
        _table = MappingTable.ReadUInt32(file, header.TableOffset, header.TableEntries, isBigEndian: true);
        _bitmaps = new TableCache<byte>(Math.Max(1, CacheSize / header.BitmapSize), LoadBitmap);
    }

    public BlockDevice Device => this;

    public Guid UniqueId => _footer.UniqueId;

    public long? Allocated => File.Allocated() + (_parent?.Allocated ?? 0);

    public DiskImageInfo Describe() => new("vhd", Length, Allocated, _parent is null ? "dynamic" : "differencing")
    {
        Concerns = VhdDisk.Concerns(File, _footer),
    };

    protected override MappedRun Map(long offset)
    {
        int block = (int)(offset / _header.BlockSize);
        long start = (long)block * _header.BlockSize;
        if (_table[block] == Unallocated)
        {
            return Run(MappedKind.Unallocated, start, _header.BlockSize, 0);
        }

        int first = (int)((offset - start) / SectorSize);
        (int count, bool isWritten) = SectorBitmap.Run(_bitmaps[block], first, _header.BlockSize / SectorSize, isMostSignificantFirst: true);
        long from = start + ((long)first * SectorSize);
        return isWritten
            ? Run(MappedKind.Data, from, (long)count * SectorSize, DataOffset(block) + ((long)first * SectorSize))
            : Run(MappedKind.Unallocated, from, (long)count * SectorSize, 0);
    }

    private byte[] LoadBitmap(int block)
    {
        long offset = (long)_table[block] * SectorSize;
        long needed = _header.BitmapSize + Math.Min(_header.BlockSize, Length - ((long)block * _header.BlockSize));
        if (offset < VhdFooter.Size || offset > File.Length - needed)
        {
            throw ImageFault.Corrupt(
                File, VhdDisk.Format, offset, $"block {block} of the disk cannot lie there: it needs {needed} bytes, and the file ends at {File.Length}.");
        }

        byte[] bitmap = new byte[_header.BitmapSize];
        File.Read(offset, bitmap);
        return bitmap;
    }

    private long DataOffset(int block) => ((long)_table[block] * SectorSize) + _header.BitmapSize;

    protected override void Dispose(bool disposing)
    {
        _parent?.Dispose();
        base.Dispose(disposing);
    }
}
