using V2V.Engine.Disks;

namespace V2V.Engine.Volumes;

/// <summary>A range of a disk as a device of its own: nothing outside the range can be reached. The disk stays the caller's.</summary>
internal sealed class VolumeWindow : WritableBlockDevice
{
    private readonly WritableBlockDevice _disk;
    private readonly long _start;

    /// <param name="disk">The disk; not disposed with the window.</param>
    /// <param name="start">First byte of the range.</param>
    /// <param name="length">Bytes in the range, all of them on the disk.</param>
    internal VolumeWindow(WritableBlockDevice disk, long start, long length)
    {
        if (start < 0 || length < 0 || start > disk.Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"The window {start}+{length} does not lie within the disk's {disk.Length} bytes.");
        }

        (_disk, _start, Length) = (disk, start, length);
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _disk.Read(_start + offset, buffer);
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        _disk.Write(_start + offset, data);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return _disk.Extents(_start + offset, length).Select(e => e with { Offset = e.Offset - _start });
    }

    public override void Flush() => _disk.Flush();
}
