using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>
/// Compares a written disk with what it was to become: every range that was copied with the converted disk, and everything else with zeros.
/// Both are read anew.
/// </summary>
internal static class DiskComparison
{
    private const int PieceSize = 1 << 20;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    /// <param name="plan">What was copied.</param>
    /// <param name="written">The written disk.</param>
    /// <param name="path">What messages call it.</param>
    /// <param name="threads">Threads that compare; 0 takes one for each processor.</param>
    /// <param name="progress">Told on this thread, about ten times a second, how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TargetException">They differ: <see cref="V2VError.TargetDiffers"/>, with the first byte that does.</exception>
    public static void Run(
        CopyPlan plan, BlockDevice written, string path, int threads, IProgress<CopyProgress>? progress, CancellationToken cancellation)
    {
        if (written.Length < plan.Source.Length)
        {
            throw Differs(path, written.Length, $"it ends there, though the disk has {plan.Source.Length} bytes.");
        }

        long done = 0;
        // A loop that is stopped by a difference still does what comes before it, so that the first one is found.
        (long Offset, string What)? first = null;
        Lock access = new();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        void Compare((ByteRange Range, bool IsCopied) piece, ParallelLoopState loop)
        {
            end.Token.ThrowIfCancellationRequested();
            if (Difference(plan.Source, written, piece.Range, piece.IsCopied) is { } found)
            {
                lock (access)
                {
                    first = first is { } known && known.Offset < found.Offset ? known : found;
                }

                loop.Break();
            }

            Interlocked.Add(ref done, piece.IsCopied ? piece.Range.Length : 0);
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : Environment.ProcessorCount };
        var work = Task.Factory.StartNew(
            () => Parallel.ForEach(Partitioner.Create(Pieces(plan, written), EnumerablePartitionerOptions.NoBuffering), options, Compare),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Wait(work, () => progress?.Report(new CopyProgress(Interlocked.Read(ref done), plan.TotalBytes)), end);
        if (first is { } difference)
        {
            throw Differs(path, difference.Offset, difference.What);
        }
    }

    private static void Wait(Task work, Action report, CancellationTokenSource end)
    {
        try
        {
            while (!((IAsyncResult)work).AsyncWaitHandle.WaitOne(ProgressInterval))
            {
                report();
            }
        }
        catch
        {
            // The one who is told of the progress may throw: nothing may go on with what the caller then disposes.
            end.Cancel();
            ((IAsyncResult)work).AsyncWaitHandle.WaitOne();
            throw;
        }

        if (work.Exception is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure.Flatten().InnerExceptions[0]);
        }

        report();
    }

    /// <summary>The disk in pieces, in order: those that were copied, and of the others those that the image does not know to be zero.</summary>
    private static IEnumerable<(ByteRange Range, bool IsCopied)> Pieces(CopyPlan plan, BlockDevice written)
    {
        long position = 0;
        foreach (var extent in plan.Extents.Append(new ByteRange(plan.Source.Length, 0)))
        {
            foreach (var gap in written.Extents(position, extent.Offset - position).Where(e => !e.IsZero))
            {
                foreach (var piece in Split(new ByteRange(gap.Offset, gap.Length)))
                {
                    yield return (piece, false);
                }
            }

            foreach (var piece in Split(extent))
            {
                yield return (piece, true);
            }

            position = extent.End;
        }
    }

    private static IEnumerable<ByteRange> Split(ByteRange range)
    {
        for (var offset = range.Offset; offset < range.End;)
        {
            var end = Math.Min(range.End, (offset + PieceSize) & -(long)PieceSize);
            yield return new ByteRange(offset, end - offset);
            offset = end;
        }
    }

    private static (long Offset, string What)? Difference(BlockDevice source, BlockDevice written, ByteRange range, bool isCopied)
    {
        var length = (int)range.Length;
        var (expected, found) = (ArrayPool<byte>.Shared.Rent(length), ArrayPool<byte>.Shared.Rent(length));
        try
        {
            written.Read(range.Offset, found.AsSpan(0, length));
            if (isCopied)
            {
                source.Read(range.Offset, expected.AsSpan(0, length));
            }
            else
            {
                expected.AsSpan(0, length).Clear();
            }

            var same = found.AsSpan(0, length).CommonPrefixLength(expected.AsSpan(0, length));
            return same == length ? null : (range.Offset + same, $"there is {found[same]:x2} where {expected[same]:x2} was written.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(expected);
            ArrayPool<byte>.Shared.Return(found);
        }
    }

    private static TargetException Differs(string path, long offset, string what) => new(
        V2VError.TargetDiffers, string.Create(CultureInfo.InvariantCulture, $"The written disk {path} differs from the converted guest at byte {offset} of the disk: {what}"))
    {
        Path = path,
        Offset = offset,
        Advice = "Check the target's storage and memory (dmesg, smartctl, memtest), and that nothing else writes there; then convert again.",
    };
}
