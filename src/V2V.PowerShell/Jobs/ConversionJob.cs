using System.Management.Automation;
using V2V.PowerShell.Fleet;

namespace V2V.PowerShell.Jobs;

/// <summary>
/// Conversions in the background: each guest is a child job. It is Failed when one of the guests is, and Stopped when it was stopped; the guests that
/// were under way are then taken back.
/// </summary>
public sealed class ConversionJob : Job
{
    internal const string TypeName = "V2VConversion";

    private readonly CancellationTokenSource _stop = new();
    private readonly JobStreams _streams;
    private readonly int _limit;
    private readonly RunLog? _log;

    /// <param name="command">The command that made it.</param>
    /// <param name="tasks">What is to be done.</param>
    /// <param name="limit">Guests at a time.</param>
    /// <param name="log">The record of the run, which the job ends; null for none.</param>
    internal ConversionJob(string command, IReadOnlyList<GuestTask> tasks, int limit, RunLog? log)
        : base(command)
    {
        PSJobTypeName = TypeName;
        _streams = new JobStreams(this, SetJobState);
        _limit = limit;
        _log = log;
        foreach (var task in tasks)
        {
            ChildJobs.Add(new GuestJob(command, task));
        }
    }

    public override bool HasMoreData => JobStreams.HasMoreData(this) || ChildJobs.Any(child => child.HasMoreData);

    public override string Location => "localhost";

    /// <summary>"3 of 8 guests done, 2 running".</summary>
    public override string StatusMessage => _streams.Status;

    private IEnumerable<GuestJob> Guests => ChildJobs.Cast<GuestJob>();

    internal void Start()
    {
        SetJobState(JobState.Running);
        new Thread(Work) { IsBackground = true, Name = $"V2V {Name}" }.Start();
    }

    /// <summary>Cancels all guests and waits until what they made is removed.</summary>
    public override void StopJob()
    {
        _stop.Cancel();
        Finished.WaitOne();
    }

    private void Work()
    {
        Exception? defect = null;
        try
        {
            using var runner = new GuestRunner(Command, _limit, _streams, _log, _stop.Token);
            runner.Upcoming = ChildJobs.Count;
            foreach (var guest in Guests)
            {
                runner.Upcoming--;
                if (!guest.IsStopped)
                {
                    runner.Start(guest.Task, guest.Streams);
                }
            }

            runner.Finish();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Its guests tell.
        }
        catch (Exception e)
        {
            // Nobody is above this thread who could be told otherwise.
            defect = e;
            Error.Add(ErrorRecords.From(e, null));
        }

        foreach (var guest in Guests)
        {
            guest.Skip();
        }

        _log?.Dispose();
        SetJobState(
            defect is not null || Guests.Any(guest => guest.JobStateInfo.State == JobState.Failed) ? JobState.Failed
            : _stop.IsCancellationRequested ? JobState.Stopped
            : JobState.Completed);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (JobStateInfo.State == JobState.Running)
            {
                StopJob();
            }

            foreach (var guest in Guests)
            {
                guest.Dispose();
            }

            _stop.Dispose();
        }

        base.Dispose(disposing);
    }
}
