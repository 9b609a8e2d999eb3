using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A flat extent: bytes of a file as they are. Of hosted products (FLAT) and of ESXi (VMFS) alike.</summary>
internal sealed class VmdkFlatExtent : BlockDevice
{
    private readonly DiskFile _file;
    private readonly long _start;

    /// <param name="file">The file; disposed with the extent.</param>
    /// <param name="start">Where in the file the extent begins.</param>
    /// <param name="length">Size of the extent.</param>
    public VmdkFlatExtent(DiskFile file, long start, long length)
    {
        if (start > file.Length - length)
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, null, $"the descriptor needs {length} bytes from byte {start} of this extent, which has {file.Length}.");
        }

        _file = file;
        _start = start;
        Length = length;
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _file.Read(_start + offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return _file.Extents(_start + offset, length).Select(e => e with { Offset = e.Offset - _start });
    }

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }
}
