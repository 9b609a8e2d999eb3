using System.Diagnostics;
using V2V.Engine.Conversion;

namespace V2V.Engine;

/// <summary>Times the phases of a conversion and tells the user which one runs.</summary>
internal sealed class PhaseClock(IProgress<ConversionProgress>? progress)
{
    private readonly List<ConversionPhase> _phases = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _phaseStarted;
    private string? _phase;
    private ConversionProgress _last = new("", "");
    private int _changes;

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

    public void Report(string activity, long done = 0, long total = 0) => Report(new ConversionProgress(_phase ?? "", activity, done, total));

    /// <summary>Tells of the changes in the guest that have not been told of yet.</summary>
    /// <param name="all">All that was changed, in order.</param>
    public void ReportChanges(IReadOnlyList<ConversionChange> all)
    {
        if (all.Count > _changes)
        {
            progress?.Report(_last with { Changes = [.. all.Skip(_changes)] });
            _changes = all.Count;
        }
    }

    /// <summary>Tells of a disk that is at the target.</summary>
    public void ReportCopied(CopiedDisk disk) => progress?.Report(_last with { CopiedDisk = disk });

    private void Report(ConversionProgress report)
    {
        _last = report;
        progress?.Report(report);
    }

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
