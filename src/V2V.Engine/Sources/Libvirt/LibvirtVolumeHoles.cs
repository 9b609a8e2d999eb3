using V2V.Engine.Disks;

namespace V2V.Engine.Sources.Libvirt;

/// <summary>
/// Where a volume's file has holes. libvirt has no call that tells; but a sparse download that begins in a hole says how long it is. So the
/// file is sounded: a hole is stepped over, data is taken to last until the next sounding. Small holes are not found by this, those that
/// matter are, and not more than a thousand soundings or two are needed.
/// </summary>
/// <param name="volume">The volume.</param>
/// <param name="probe">The length of the hole at an offset; 0 when there is data.</param>
internal sealed class LibvirtVolumeHoles(LibvirtVolume volume, Func<long, long> probe)
{
    private const long MinimumStep = 16 << 20;

    private const int MaximumSteps = 1024;

    private readonly Lock _lock = new();
    private readonly List<DiskExtent> _known = [];

    /// <summary>How much data goes by before the next sounding; all of it where the pool says that there are no holes.</summary>
    private readonly long _step = volume.Allocation >= volume.Length ? long.MaxValue : Math.Max(MinimumStep, volume.Length / MaximumSteps);

    public IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        var end = offset + length;
        while (offset < end)
        {
            var extent = At(offset);
            var stop = Math.Min(extent.End, end);
            yield return new DiskExtent(offset, stop - offset, extent.IsZero);
            offset = stop;
        }
    }

    private DiskExtent At(long offset)
    {
        lock (_lock)
        {
            while (_known.Count == 0 || _known[^1].End <= offset)
            {
                var start = _known.Count == 0 ? 0 : _known[^1].End;
                var hole = _step == long.MaxValue ? 0 : probe(start);
                Add(hole > 0 ? new DiskExtent(start, hole, IsZero: true) : new DiskExtent(start, Math.Min(_step, volume.Length - start), IsZero: false));
            }

            return _known[Find(offset)];
        }
    }

    private void Add(DiskExtent extent)
    {
        if (_known.Count > 0 && _known[^1].IsZero == extent.IsZero)
        {
            _known[^1] = _known[^1] with { Length = _known[^1].Length + extent.Length };
        }
        else
        {
            _known.Add(extent);
        }
    }

    private int Find(long offset)
    {
        var (low, high) = (0, _known.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _known[middle].Offset <= offset ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}
