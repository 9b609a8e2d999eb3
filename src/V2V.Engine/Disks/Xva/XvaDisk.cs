using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Xva;

/// <summary>A disk in an export of XenServer or XCP-ng, read in its place: nothing is unpacked.</summary>
internal sealed class XvaDisk : MappedDevice
{
    public const string Format = "XVA";

    private readonly IReadOnlyDictionary<int, (long Offset, int Length)> _blocks;

    /// <param name="archive">The export; disposed with the disk.</param>
    /// <param name="length">Size of the disk, as the export's description has it.</param>
    /// <param name="blocks">Its blocks in the archive.</param>
    public XvaDisk(DiskFile archive, long length, IReadOnlyDictionary<int, (long Offset, int Length)> blocks) : base(archive, length, backing: null)
    {
        _blocks = blocks;
        Version = archive.Version;
    }

    protected override MappedRun Map(long offset)
    {
        int number = (int)(offset / XvaBlocks.BlockSize);
        long start = (long)number * XvaBlocks.BlockSize;
        long length = Math.Min(XvaBlocks.BlockSize, Length - start);
        if (!_blocks.TryGetValue(number, out (long Offset, int Length) block))
        {
            return new MappedRun(MappedKind.Zero, start, length);
        }

        // A block may end early: the rest of it is zeros.
        return offset < start + block.Length
            ? new MappedRun(MappedKind.Data, start, Math.Min(block.Length, length), block.Offset)
            : new MappedRun(MappedKind.Zero, start + block.Length, length - block.Length);
    }
}
