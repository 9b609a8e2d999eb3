using System.Diagnostics;
using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>Passes on no more of the engine's reports than a person can read: each phase, and within a phase one in every interval.</summary>
/// <param name="pass">Takes what is left, on the thread that reports; never two at a time.</param>
/// <param name="interval">Time between two reports of a phase.</param>
internal sealed class ProgressThinner(Action<ConversionProgress> pass, TimeSpan interval) : IProgress<ConversionProgress>
{
    private readonly Lock _lock = new();
    private string? _phase;
    private long _lastReport;

    public void Report(ConversionProgress value)
    {
        lock (_lock)
        {
            if (value.Phase == _phase && Stopwatch.GetElapsedTime(_lastReport) < interval)
            {
                return;
            }

            _phase = value.Phase;
            _lastReport = Stopwatch.GetTimestamp();
            pass(value);
        }
    }
}
