using System.Runtime.ExceptionServices;
using V2V.Engine.FileSystems;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images;

/// <summary>One copy under way: what its threads share, and what each of them does.</summary>
/// <param name="plan">What to copy.</param>
/// <param name="writer">Where to.</param>
/// <param name="checkpoints">Told of what was copied; null when nobody would go on with it.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class DiskCopyJob(CopyPlan plan, ImageWriter writer, DiskCheckpoints? checkpoints, CancellationToken cancellation)
{
    /// <summary>What a thread reads at once; chunks end on multiples of it.</summary>
    private const int ChunkSize = CopyBudget.ChunkSize;

    private readonly Lock _lock = new();
    private readonly int _granularity = writer.Granularity;
    private int _extent;
    private long _position;
    private long _done;
    private long _written;
    private long _shared;
    private volatile bool _sharesBlocks = true;
    private volatile bool _stopped;
    private ExceptionDispatchInfo? _failure;

    public long Done => Interlocked.Read(ref _done);

    public long BytesWritten => Interlocked.Read(ref _written);

    /// <summary>Bytes that the image shares with the source's files.</summary>
    public long BytesShared => Interlocked.Read(ref _shared);

    /// <summary>Takes chunks until there are none, or something fails on this or another thread.</summary>
    /// <param name="own">A buffer for this thread alone; null takes them from what all copies share.</param>
    public void Work(CopyBuffer? own)
    {
        try
        {
            while (!_stopped && !cancellation.IsCancellationRequested && CopyChunk(own))
            {
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            Stop();
        }
    }

    /// <summary>Lets every thread finish its chunk and take no other.</summary>
    public void Stop() => _stopped = true;

    /// <summary>Throws the first failure as it was thrown.</summary>
    public void ThrowIfFailed() => _failure?.Throw();

    /// <summary>False when there is none left.</summary>
    private bool CopyChunk(CopyBuffer? own)
    {
        // First the buffer: who has a chunk must not wait for others, lest the chunks get out of order.
        var buffer = own ?? CopyBudget.Take(cancellation);
        try
        {
            if (TakeChunk() is not { } chunk)
            {
                return false;
            }

            if (TryClone(chunk))
            {
                return true;
            }

            var data = buffer.First(chunk.Length);
            plan.Source.Read(chunk.Offset, data);
            var places = checkpoints is null ? null : new List<PlacedRun>();
            WriteData(chunk.Offset, data, places);
            checkpoints?.Add(chunk.Offset, data, places!);
            Interlocked.Add(ref _done, chunk.Length);
            return true;
        }
        finally
        {
            if (own is null)
            {
                CopyBudget.Return(buffer);
            }
        }
    }

    /// <summary>
    /// Where source and image lie in one file system that can share blocks, nothing need be read. The first time that it cannot is the last time that it
    /// is asked. Such chunks are not among the checkpoints: to share them again takes no time.
    /// </summary>
    private bool TryClone(ByteRange chunk)
    {
        if (!_sharesBlocks
            || plan.Source.Locate(chunk.Offset, chunk.Length) is not { } stored || stored.Length < chunk.Length
            || ((chunk.Offset | chunk.Length | stored.Offset) & (FileClone.BlockSize - 1)) != 0)
        {
            return false;
        }

        if (!writer.TryClone(chunk.Offset, stored))
        {
            _sharesBlocks = false;
            return false;
        }

        Interlocked.Add(ref _shared, chunk.Length);
        Interlocked.Add(ref _done, chunk.Length);
        return true;
    }

    private ByteRange? TakeChunk()
    {
        lock (_lock)
        {
            if (_extent == plan.Extents.Count)
            {
                return null;
            }

            var extent = plan.Extents[_extent];
            var offset = Math.Max(_position, extent.Offset);
            _position = Math.Min(extent.End, (offset + ChunkSize) & -(long)ChunkSize);
            if (_position == extent.End)
            {
                _extent++;
            }

            return new ByteRange(offset, _position - offset);
        }
    }

    /// <summary>Writes the runs of granules that are not zero.</summary>
    private void WriteData(long offset, ReadOnlySpan<byte> data, List<PlacedRun>? places)
    {
        var start = -1;
        for (var i = 0; i < data.Length; i += _granularity)
        {
            if (data.Slice(i, Math.Min(_granularity, data.Length - i)).ContainsAnyExcept((byte)0))
            {
                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                Write(offset + start, data[start..i], places);
                start = -1;
            }
        }

        if (start >= 0)
        {
            Write(offset + start, data[start..], places);
        }
    }

    private void Write(long offset, ReadOnlySpan<byte> run, List<PlacedRun>? places)
    {
        if (places is null)
        {
            writer.Write(offset, run);
        }
        else
        {
            places.Add(new PlacedRun(offset, run.Length, writer.Place(offset, run)));
        }

        Interlocked.Add(ref _written, run.Length);
    }
}
