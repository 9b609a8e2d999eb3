using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Raw;

/// <summary>A disk stored byte for byte.</summary>
internal sealed class RawDisk : BlockDevice, IDiskImage
{
    private const int SectorSize = 512;

    private readonly DiskFile _file;

    /// <param name="file">The image; disposed with the disk.</param>
    public RawDisk(DiskFile file)
    {
        _file = file;
        // A guest only sees whole sectors; the missing end of the last one reads as zeros, as under QEMU.
        Length = checked(_file.Length + SectorSize - 1) & -SectorSize;
    }

    public override long Length { get; }

    public BlockDevice Device => this;

    public static IDiskImage Open(DiskFile file, ImageChain chain) => new RawDisk(file);

    public DiskImageInfo Describe() => new("raw", Length, _file.Allocated(), "");

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        int stored = (int)Math.Clamp(_file.Length - offset, 0, buffer.Length);
        if (stored > 0)
        {
            _file.Read(offset, buffer[..stored]);
        }

        buffer[stored..].Clear();
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return StoredExtents(offset, length);
    }

    internal override StoredRun? Locate(long offset, long length) => _file.Locate(offset, length);

    private IEnumerable<DiskExtent> StoredExtents(long offset, long length)
    {
        long stored = Math.Clamp(_file.Length - offset, 0, length);
        foreach (DiskExtent extent in _file.Extents(offset, stored))
        {
            yield return extent;
        }

        if (length > stored)
        {
            yield return new DiskExtent(offset + stored, length - stored, IsZero: true);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }
}
