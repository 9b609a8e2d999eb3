using System.Collections.Concurrent;
using System.Diagnostics;
using V2V.Engine;

namespace V2V.PowerShell;

/// <summary>
/// Carries reports from the engine's threads to the pipeline's, no more of them than a person can read: within a phase one in a tenth of a
/// second. Reports that come after the work has ended are dropped.
/// </summary>
internal sealed class ProgressQueue(BlockingCollection<ConversionProgress> reports) : IProgress<ConversionProgress>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private string? _phase;
    private long _lastReport;
    private bool _ended;

    public void Report(ConversionProgress value)
    {
        lock (_lock)
        {
            if (_ended || (value.Phase == _phase && Stopwatch.GetElapsedTime(_lastReport) < Interval))
            {
                return;
            }

            _phase = value.Phase;
            _lastReport = Stopwatch.GetTimestamp();
            reports.Add(value);
        }
    }

    /// <summary>Ends the queue: the reader finishes with what is in it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _ended = true;
                reports.CompleteAdding();
            }
        }
    }
}
