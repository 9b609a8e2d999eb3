using System.Diagnostics;
using V2V.Engine.Targets.Images;

namespace V2V.Engine;

/// <summary>
/// How fast a copy can be expected to go, in bytes per second. The source is read for a moment; what the target can take is not tried, since
/// nothing is written there, but assumed.
/// </summary>
internal static class CopyRate
{
    /// <summary>What a single disk or a network of 2.5 Gbit/s takes without effort; the most that an estimate reckons with.</summary>
    public const double Assumed = 200 << 20;

    private const int ChunkLength = 256 << 10;

    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// Reads what is to be copied, from its beginning, as long as the limit is: in order, because compressed sources have to be unpacked up to
    /// where they are read.
    /// </summary>
    public static double Measure(IEnumerable<CopyPlan> plans, CancellationToken cancellation)
    {
        var buffer = new byte[ChunkLength];
        var read = 0L;
        var started = Stopwatch.GetTimestamp();
        foreach (var (plan, extent) in plans.SelectMany(plan => plan.Extents.Select(extent => (plan, extent))))
        {
            for (var offset = extent.Offset; offset < extent.End; offset += ChunkLength)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Stopwatch.GetElapsedTime(started) > Limit)
                {
                    return Math.Min(Assumed, read / Stopwatch.GetElapsedTime(started).TotalSeconds);
                }

                var length = (int)Math.Min(ChunkLength, extent.End - offset);
                plan.Source.Read(offset, buffer.AsSpan(0, length));
                read += length;
            }
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return read == 0 || seconds <= 0 ? Assumed : Math.Min(Assumed, read / seconds);
    }
}
