using System.Diagnostics;
using System.Management.Automation;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Jobs;

/// <summary>The streams of a job, and its state.</summary>
/// <param name="job">The job.</param>
/// <param name="setState">Sets its state.</param>
internal sealed class JobStreams(Job job, Action<JobState> setState) : GuestStreams
{
    /// <summary>Whoever looks at a job does not look ten times a second.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _lastProgress;

    /// <summary>The latest progress as text.</summary>
    public string Status { get; private set; } = "";

    /// <summary>Whether there is something to receive, or something may still come.</summary>
    public static bool HasMoreData(Job job) =>
        job.JobStateInfo.State is JobState.NotStarted or JobState.Running
        || job.Output.Count + job.Error.Count + job.Warning.Count + job.Verbose.Count + job.Progress.Count > 0;

    public override void WriteObject(object value) => job.Output.Add(PSObject.AsPSObject(value));

    public override void WriteError(ErrorRecord error) => job.Error.Add(error);

    public override void WriteWarning(string text) => job.Warning.Add(new WarningRecord(text));

    public override void WriteVerbose(string text) => job.Verbose.Add(new VerboseRecord(text));

    /// <summary>Keeps the latest only: a job may run for a day before somebody receives it.</summary>
    public override void WriteProgress(ProgressRecord record)
    {
        Status = record.StatusDescription;
        if (record.RecordType == ProgressRecordType.Completed || Stopwatch.GetElapsedTime(_lastProgress) > Interval)
        {
            _lastProgress = Stopwatch.GetTimestamp();
            job.Progress.Clear();
            job.Progress.Add(record);
        }
    }

    public override void Started() => setState(JobState.Running);

    public override void Ended(GuestOutcome outcome) =>
        setState(outcome.IsCancelled ? JobState.Stopped : outcome.Error is null ? JobState.Completed : JobState.Failed);
}
