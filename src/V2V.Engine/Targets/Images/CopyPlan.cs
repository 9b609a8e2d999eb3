using V2V.Engine.Disks;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// What has to be copied of a disk: where it holds data, less what the caller knows to be unused, in whole granules of the target. The same
/// plan tells how much room the target needs, how far a copy has got, and what to read.
/// </summary>
public sealed class CopyPlan
{
    private CopyPlan(BlockDevice source, int granularity, List<ByteRange> extents, long totalBytes, long unusedBytes)
    {
        Source = source;
        Granularity = granularity;
        Extents = extents;
        TotalBytes = totalBytes;
        UnusedBytes = unusedBytes;
    }

    /// <summary>The disk; the plan does not own it.</summary>
    public BlockDevice Source { get; }

    /// <summary>The unit, in bytes, on whose multiples <see cref="Extents"/> start and end.</summary>
    public int Granularity { get; }

    /// <summary>Ranges of the disk in ascending order, with gaps between them. They start and end on granules, or at the disk's end.</summary>
    public IReadOnlyList<ByteRange> Extents { get; }

    /// <summary>Sum of <see cref="Extents"/>.</summary>
    public long TotalBytes { get; }

    /// <summary>Bytes of data that are not copied because nothing uses them.</summary>
    public long UnusedBytes { get; }

    /// <param name="source">The disk.</param>
    /// <param name="unused">Ranges of the disk that hold nothing of use, in ascending order, not overlapping.</param>
    /// <param name="granularity"><see cref="ImageWriter.Granularity"/> of the target: a power of two.</param>
    /// <param name="cancellation">Stops the walk through the disk's metadata.</param>
    /// <exception cref="ArgumentException"><paramref name="unused"/> is out of order or leaves the disk.</exception>
    public static CopyPlan Create(
        BlockDevice source, IEnumerable<ByteRange> unused, int granularity, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(unused);
        var builder = new Builder(source, granularity);
        using var holes = unused.GetEnumerator();
        var hole = Next(holes, default, source.Length);
        foreach (var extent in source.Extents(0, source.Length))
        {
            cancellation.ThrowIfCancellationRequested();
            if (extent.IsZero)
            {
                continue;
            }

            var position = extent.Offset;
            while (position < extent.End)
            {
                while (hole is { } past && past.End <= position)
                {
                    hole = Next(holes, past, source.Length);
                }

                var usedEnd = Math.Min(extent.End, hole?.Offset ?? extent.End);
                if (usedEnd > position)
                {
                    builder.AddUsed(position, usedEnd);
                    position = usedEnd;
                    continue;
                }

                var unusedEnd = Math.Min(extent.End, hole!.Value.End);
                builder.AddUnused(position, unusedEnd);
                position = unusedEnd;
            }
        }

        return builder.Build();
    }

    /// <summary>What is left to copy when some of it is there.</summary>
    /// <param name="done">Ranges within <see cref="Extents"/>, on granules as those, in ascending order.</param>
    internal CopyPlan Without(IReadOnlyList<ByteRange> done)
    {
        List<ByteRange> left = [];
        var next = 0;
        foreach (var extent in Extents)
        {
            var position = extent.Offset;
            for (; next < done.Count && done[next].Offset < extent.End; next++)
            {
                if (done[next].Offset > position)
                {
                    left.Add(new ByteRange(position, done[next].Offset - position));
                }

                position = done[next].End;
            }

            if (extent.End > position)
            {
                left.Add(new ByteRange(position, extent.End - position));
            }
        }

        return new CopyPlan(Source, Granularity, left, left.Sum(e => e.Length), UnusedBytes);
    }

    private static ByteRange? Next(IEnumerator<ByteRange> ranges, ByteRange previous, long length)
    {
        if (!ranges.MoveNext())
        {
            return null;
        }

        var range = ranges.Current;
        if (range.Length < 0 || range.Offset < previous.End || range.Offset > length - range.Length)
        {
            throw new ArgumentException(
                $"The unused range {range.Offset}+{range.Length} overlaps the one before it, or leaves the disk of {length} bytes.");
        }

        return range;
    }

    /// <summary>Takes used and unused data in ascending order and rounds what is used to whole granules.</summary>
    private sealed class Builder(BlockDevice source, int granularity)
    {
        private readonly List<ByteRange> _extents = [];
        private long _start;
        private long _end;
        private long _total;
        private long _unused;

        // Unused bytes counted in the granule that the last of them lies in: not saved after all when something used follows there.
        private long _tailGranule = -1;
        private long _tailBytes;

        public void AddUsed(long start, long end)
        {
            start &= -granularity;
            end = Math.Min(source.Length, (end + granularity - 1) & -granularity);
            if (start == _tailGranule && start >= _end)
            {
                _unused -= _tailBytes;
            }

            if (start > _end)
            {
                Close();
                _start = start;
            }

            _end = Math.Max(_end, end);
            _tailGranule = -1;
        }

        public void AddUnused(long start, long end)
        {
            start = Math.Max(start, _end);
            if (start >= end)
            {
                return;
            }

            _unused += end - start;
            var lastGranule = (end - 1) & -granularity;
            _tailBytes = end - Math.Max(start, lastGranule) + (_tailGranule == lastGranule ? _tailBytes : 0);
            _tailGranule = lastGranule;
        }

        public CopyPlan Build()
        {
            Close();
            return new CopyPlan(source, granularity, _extents, _total, _unused);
        }

        private void Close()
        {
            if (_end > _start)
            {
                _extents.Add(new ByteRange(_start, _end - _start));
                _total += _end - _start;
            }
        }
    }
}
