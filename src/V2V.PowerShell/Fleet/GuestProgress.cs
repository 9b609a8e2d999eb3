using System.Diagnostics;
using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>Turns the engine's reports on one guest into PowerShell's progress records: phase, percent, rate and time left.</summary>
internal sealed class GuestProgress(int id, int parent, string activity)
{
    /// <summary>Before this much time of a phase has passed its rate says little about the rest.</summary>
    public static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(500);

    private string? _phase;
    private long _phaseStart;

    /// <summary>Bytes copied so far.</summary>
    public long Done { get; private set; }

    /// <summary>Bytes to copy; 0 before that is known.</summary>
    public long Total { get; private set; }

    public bool EntersPhase(ConversionProgress report) => report.Phase != _phase;

    public ProgressRecord Show(ConversionProgress report)
    {
        if (EntersPhase(report))
        {
            _phase = report.Phase;
            _phaseStart = Stopwatch.GetTimestamp();
        }

        var record = Record(Describe(report));
        record.PercentComplete = report.Percent ?? -1;
        if (report.Total > 0)
        {
            (Done, Total) = (report.Done, report.Total);
            record.CurrentOperation = $"{Formatting.Size(report.Done)} of {Formatting.Size(report.Total)}";
            var elapsed = Stopwatch.GetElapsedTime(_phaseStart);
            if (elapsed > Warmup && report.Done > 0)
            {
                var rate = report.Done / elapsed.TotalSeconds;
                record.CurrentOperation += $", {Formatting.Rate(rate)}";
                record.SecondsRemaining = (int)Math.Min(int.MaxValue, (report.Total - report.Done) / rate);
            }
        }

        return record;
    }

    public ProgressRecord Completed()
    {
        var record = Record("Done");
        record.RecordType = ProgressRecordType.Completed;
        return record;
    }

    private ProgressRecord Record(string status) => new(id, activity, status) { ParentActivityId = parent };

    private static string Describe(ConversionProgress report) => report.Activity is "" ? report.Phase : $"{report.Phase}: {report.Activity}";
}
