using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Mapping;

/// <summary>A virtual disk, or a part of one, whose bytes stand in a file as they are: a VMDK's flat extent, the data of a fixed-size VHD.</summary>
internal class FlatDevice : BlockDevice
{
    private readonly long _start;

    /// <param name="file">The file; disposed with the device.</param>
    /// <param name="format">Format of the image, for messages.</param>
    /// <param name="start">Where in the file the bytes begin.</param>
    /// <param name="length">How many there are.</param>
    public FlatDevice(DiskFile file, string format, long start, long length)
    {
        if (start < 0 || length < 0 || start > file.Length - length)
        {
            throw ImageFault.Corrupt(file, format, null, $"{length} bytes from byte {start} are needed, but it has {file.Length}.");
        }

        File = file;
        _start = start;
        Length = length;
    }

    public override long Length { get; }

    protected DiskFile File { get; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        File.Read(_start + offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return File.Extents(_start + offset, length).Select(e => e with { Offset = e.Offset - _start });
    }

    internal override StoredRun? Locate(long offset, long length) => File.Locate(_start + offset, length);

    protected override void Dispose(bool disposing)
    {
        File.Dispose();
        base.Dispose(disposing);
    }
}
