using System.Collections.Concurrent;

namespace V2V.Engine.Targets.Images;

/// <summary>
/// What all copies of the process may have in hand at once, however many guests and disks are copied side by side: a number of chunks, each with
/// its buffer. Who wants another one waits until one is given back, so that neither memory nor the work under way grows with the guests. One chunk
/// more each copy has for itself: sources that answer slowly, whose copies hold all the others, do not keep it from going on.
/// </summary>
internal static class CopyBudget
{
    /// <summary>Bytes of a chunk: large enough that a disk of spinning platters streams, small enough to stay in a processor's cache.</summary>
    public const int ChunkSize = 1 << 20;

    // A single copy has eight threads at the most unless it is told otherwise; small machines serve four guests at once.
    private const int Minimum = 16;
    private const int PerProcessor = 2;

    private static readonly SemaphoreSlim s_free = new(Limit);
    private static readonly ConcurrentBag<CopyBuffer> s_buffers = [];
    private static int s_copies;

    /// <summary>Chunks in hand at the most.</summary>
    public static int Limit => Math.Max(Minimum, PerProcessor * Environment.ProcessorCount);

    /// <summary>A copy begins; to be followed by <see cref="Leave"/>.</summary>
    public static void Enter() => Interlocked.Increment(ref s_copies);

    /// <summary>A copy has ended. With the last one the memory goes, too.</summary>
    public static void Leave()
    {
        if (Interlocked.Decrement(ref s_copies) == 0)
        {
            s_buffers.Clear();
        }
    }

    /// <summary>Waits for a buffer.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static CopyBuffer Take(CancellationToken cancellation)
    {
        s_free.Wait(cancellation);
        return s_buffers.TryTake(out var buffer) ? buffer : new CopyBuffer();
    }

    public static void Return(CopyBuffer buffer)
    {
        s_buffers.Add(buffer);
        s_free.Release();
    }
}
