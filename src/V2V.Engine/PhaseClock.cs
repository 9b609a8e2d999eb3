using System.Diagnostics;

namespace V2V.Engine;

/// <summary>Times the phases of a conversion and tells the user which one runs.</summary>
internal sealed class PhaseClock(IProgress<ConversionProgress>? progress)
{
    private readonly List<ConversionPhase> _phases = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _phaseStarted;
    private string? _phase;

    /// <summary>The phases that have ended, in order.</summary>
    public IReadOnlyList<ConversionPhase> Phases => _phases;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Ends the running phase and begins another.</summary>
    public void Enter(string phase, string activity)
    {
        Stop();
        _phase = phase;
        _phaseStarted = Stopwatch.GetTimestamp();
        Report(activity);
    }

    public void Report(string activity, long done = 0, long total = 0) =>
        progress?.Report(new ConversionProgress(_phase ?? "", activity, done, total));

    /// <summary>Ends the running phase.</summary>
    public void Stop()
    {
        if (_phase is not null)
        {
            _phases.Add(new ConversionPhase(_phase, Stopwatch.GetElapsedTime(_phaseStarted).TotalSeconds));
            _phase = null;
        }
    }
}
