using V2V.Engine.Disks;

namespace V2V.Engine.Volumes.Lvm;

/// <summary>A logical volume as a device: what is read and written is passed on to where its segments lie. The disks stay the caller's.</summary>
internal sealed class LvmDevice : WritableBlockDevice
{
    private readonly LvmMappedSegment[] _segments;

    /// <param name="segments">In order, the first at 0, each beginning where the last one ends. None for a volume that cannot be used.</param>
    internal LvmDevice(IReadOnlyList<LvmMappedSegment> segments)
    {
        _segments = [.. segments];
        Length = _segments.Length == 0 ? 0 : _segments[^1].End;
    }

    public override long Length { get; }

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var (at, run) = Locate(offset);
            var length = (int)Math.Min(run, buffer.Length);
            at.PhysicalVolume.Device.Read(at.Offset, buffer[..length]);
            buffer = buffer[length..];
            offset += length;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        while (!data.IsEmpty)
        {
            var (at, run) = Locate(offset);
            var length = (int)Math.Min(run, data.Length);
            at.PhysicalVolume.Device.Write(at.Offset, data[..length]);
            data = data[length..];
            offset += length;
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return MappedExtents(offset, offset + length).Merge();
    }

    public override void Flush()
    {
        foreach (var device in _segments.SelectMany(s => s.Legs).Select(l => l.PhysicalVolume.Device).Distinct())
        {
            device.Flush();
        }
    }

    /// <summary>What a range of the volume takes of the guest's disks.</summary>
    internal IEnumerable<DiskRange> DiskRanges(long offset, long length)
    {
        CheckRange(offset, length);
        var end = offset + length;
        for (var i = length == 0 ? _segments.Length : IndexOf(offset); i < _segments.Length && _segments[i].Start < end; i++)
        {
            var segment = _segments[i];
            foreach (var range in segment.DiskRanges(Math.Max(offset, segment.Start) - segment.Start, Math.Min(end, segment.End) - segment.Start))
            {
                yield return range;
            }
        }
    }

    private IEnumerable<DiskExtent> MappedExtents(long offset, long end)
    {
        while (offset < end)
        {
            var (at, run) = Locate(offset);
            var length = Math.Min(run, end - offset);
            foreach (var extent in at.PhysicalVolume.Device.Extents(at.Offset, length))
            {
                yield return extent with { Offset = extent.Offset - at.Offset + offset };
            }

            offset += length;
        }
    }

    private (LvmLeg At, long Length) Locate(long offset)
    {
        var segment = _segments[IndexOf(offset)];
        return segment.Locate(offset - segment.Start);
    }

    /// <summary>The segment that holds a byte of the volume.</summary>
    private int IndexOf(long offset)
    {
        var (low, high) = (0, _segments.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _segments[middle].Start <= offset ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}
