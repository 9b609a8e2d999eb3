using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets.Images;

/// <summary>How a disk is copied.</summary>
/// <param name="Threads">Threads that each read, look for zeros, compress and write; 0 takes one for each processor, between 4 and 8.</param>
public sealed record CopyOptions(int Threads = 0);

/// <summary>How far a copy has got.</summary>
/// <param name="Done">Bytes of the plan that are read and written.</param>
/// <param name="Total">Bytes of the plan.</param>
public readonly record struct CopyProgress(long Done, long Total);

/// <summary>What a copy did.</summary>
/// <param name="BytesRead">Bytes read from the source.</param>
/// <param name="BytesWritten">Bytes handed to the writer, before compression.</param>
/// <param name="BytesSkippedAsUnused">Bytes of data that were not read because nothing uses them.</param>
/// <param name="ZeroBytesFound">Bytes read that were zeros and therefore not written.</param>
public sealed record CopyStatistics(long BytesRead, long BytesWritten, long BytesSkippedAsUnused, long ZeroBytesFound)
{
    /// <summary>Bytes that were neither read nor written, since the image shares the blocks in which the source has them.</summary>
    public long BytesShared { get; init; }
}

/// <summary>Copies what is used of a disk into an image, on several threads, leaving out what is zero.</summary>
public static class DiskCopier
{
    // Also a small machine has something to do while one thread waits for the source and another for the target.
    private const int MinimumDefaultThreads = 4;
    private const int MaximumDefaultThreads = 8;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Copies what the plan says. The writer is not completed. Progress is reported on the calling thread, about ten times a second.</summary>
    /// <param name="plan">What to copy, made for the granularity of <paramref name="writer"/>.</param>
    /// <param name="writer">An image of at least the source's size.</param>
    /// <param name="options">How to copy.</param>
    /// <param name="progress">Told how far the copy is; an exception of its stops the copy.</param>
    /// <param name="cancellation">Stops the copy; the image is then of no use.</param>
    /// <exception cref="V2VException">Reading or writing failed; the first failure stops all threads.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static CopyStatistics Copy(
        CopyPlan plan,
        ImageWriter writer,
        CopyOptions options,
        IProgress<CopyProgress>? progress = null,
        CancellationToken cancellation = default) => Copy(plan, writer, options, progress, checkpoints: null, cancellation);

    /// <summary>
    /// As <see cref="Copy(CopyPlan, ImageWriter, CopyOptions, IProgress{CopyProgress}?, CancellationToken)"/>; <paramref name="checkpoints"/> are told of what was
    /// copied, for a run that may have to go on with it.
    /// </summary>
    internal static CopyStatistics Copy(
        CopyPlan plan, ImageWriter writer, CopyOptions options, IProgress<CopyProgress>? progress, DiskCheckpoints? checkpoints, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(options);
        if (plan.Granularity % writer.Granularity != 0)
        {
            throw new ArgumentException($"The plan is for granules of {plan.Granularity} bytes, but the writer's are {writer.Granularity}.", nameof(plan));
        }

        CopyBudget.Enter();
        try
        {
            return Run(new DiskCopyJob(plan, writer, checkpoints, cancellation), plan, options, progress, checkpoints, cancellation);
        }
        finally
        {
            CopyBudget.Leave();
        }
    }

    private static CopyStatistics Run(
        DiskCopyJob job, CopyPlan plan, CopyOptions options, IProgress<CopyProgress>? progress, DiskCheckpoints? checkpoints, CancellationToken cancellation)
    {
        var defaultThreads = Math.Clamp(Environment.ProcessorCount, MinimumDefaultThreads, MaximumDefaultThreads);
        var threads = new Thread[options.Threads > 0 ? options.Threads : defaultThreads];
        for (var i = 0; i < threads.Length; i++)
        {
            // The first has a chunk of its own, whatever other copies hold.
            var own = i == 0 ? new CopyBuffer() : null;
            threads[i] = new Thread(() => job.Work(own)) { IsBackground = true, Name = $"V2V copy {i + 1}" };
            threads[i].Start();
        }

        try
        {
            foreach (var thread in threads)
            {
                while (!thread.Join(ProgressInterval))
                {
                    progress?.Report(new CopyProgress(job.Done, plan.TotalBytes));
                    checkpoints?.Tick();
                }
            }
        }
        catch
        {
            // The one who is told of the progress may stop the copy by throwing: no thread may go on using what the caller then disposes.
            job.Stop();
            foreach (var thread in threads)
            {
                thread.Join();
            }

            throw;
        }

        job.ThrowIfFailed();
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new CopyProgress(job.Done, plan.TotalBytes));
        var read = job.Done - job.BytesShared;
        return new CopyStatistics(read, job.BytesWritten, plan.UnusedBytes, read - job.BytesWritten) { BytesShared = job.BytesShared };
    }
}
