using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets;

/// <summary>Ranges of a disk that could not be read, merged where they touch. Thread-safe.</summary>
internal sealed class UnreadableRanges
{
    private readonly Lock _lock = new();

    // First byte -> first byte behind, with gaps between.
    private readonly SortedList<long, long> _ranges = [];
    private long _total;

    /// <summary>Sum of the ranges' lengths, in bytes.</summary>
    public long TotalBytes => Interlocked.Read(ref _total);

    /// <summary>In ascending order.</summary>
    public IReadOnlyList<ByteRange> ToList()
    {
        lock (_lock)
        {
            return [.. _ranges.Select(r => new ByteRange(r.Key, r.Value - r.Key))];
        }
    }

    /// <summary>Adds a range that overlaps none, and returns the new total.</summary>
    public long Add(long start, long end)
    {
        lock (_lock)
        {
            _total += end - start;
            var next = FirstEndingAfter(start - 1);
            if (next < _ranges.Count && _ranges.GetValueAtIndex(next) == start)
            {
                start = _ranges.GetKeyAtIndex(next);
                _ranges.RemoveAt(next);
            }

            if (next < _ranges.Count && _ranges.GetKeyAtIndex(next) == end)
            {
                end = _ranges.GetValueAtIndex(next);
                _ranges.RemoveAt(next);
            }

            _ranges.Add(start, end);
            return _total;
        }
    }

    /// <summary>Whether all, some or nothing of a range is known to be unreadable.</summary>
    public (bool All, bool Some) Find(long start, long end)
    {
        if (TotalBytes == 0)
        {
            return (false, false);
        }

        lock (_lock)
        {
            var index = FirstEndingAfter(start);
            return index < _ranges.Count && _ranges.GetKeyAtIndex(index) < end
                ? (_ranges.GetKeyAtIndex(index) <= start && _ranges.GetValueAtIndex(index) >= end, true)
                : (false, false);
        }
    }

    private int FirstEndingAfter(long position)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _ranges.GetValueAtIndex(middle) > position ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
