using System.Diagnostics;
using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell;

/// <summary>Turns the engine's reports into PowerShell's progress records: phase, percent, rate and time left.</summary>
internal sealed class ProgressDisplay(string activity)
{
    /// <summary>Before this much time of a phase has passed its rate says little about the rest.</summary>
    private static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(500);

    private string? _phase;
    private long _phaseStart;

    public bool EntersPhase(ConversionProgress report) => report.Phase != _phase;

    public ProgressRecord Show(ConversionProgress report)
    {
        if (EntersPhase(report))
        {
            _phase = report.Phase;
            _phaseStart = Stopwatch.GetTimestamp();
        }

        var record = new ProgressRecord(0, activity, Describe(report)) { PercentComplete = report.Percent ?? -1 };
        if (report.Total > 0)
        {
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

    public ProgressRecord Completed() => new(0, activity, "Done") { RecordType = ProgressRecordType.Completed };

    private static string Describe(ConversionProgress report) => report.Activity is "" ? report.Phase : $"{report.Phase}: {report.Activity}";
}
