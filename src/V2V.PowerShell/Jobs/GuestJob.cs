using System.Management.Automation;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Jobs;

/// <summary>The child job of one guest: its result, errors, warnings and progress. It is called after the guest.</summary>
public sealed class GuestJob : Job
{
    private readonly CancellationTokenSource _stop = new();

    internal GuestJob(string command, GuestTask task)
        : base(command, task.Name)
    {
        Task = task with { Cancellation = _stop.Token };
        PSJobTypeName = ConversionJob.TypeName;
        Streams = new JobStreams(this, SetJobState);
    }

    internal GuestTask Task { get; }

    internal GuestStreams Streams { get; }

    /// <summary>Whether somebody stopped the job before its turn came.</summary>
    internal bool IsStopped => _stop.IsCancellationRequested;

    public override bool HasMoreData => JobStreams.HasMoreData(this);

    public override string Location => "localhost";

    /// <summary>What is being done right now: "Copy: Copying web01-sda.qcow2".</summary>
    public override string StatusMessage => ((JobStreams)Streams).Status;

    /// <summary>Cancels the conversion of this guest and waits until what it made is removed. The other guests go on.</summary>
    public override void StopJob()
    {
        _stop.Cancel();
        // One that has not begun yet is passed over when its turn comes.
        if (JobStateInfo.State != JobState.NotStarted)
        {
            Finished.WaitOne();
        }
    }

    /// <summary>The job's turn did not come.</summary>
    internal void Skip()
    {
        if (JobStateInfo.State == JobState.NotStarted)
        {
            SetJobState(JobState.Stopped);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }
}
