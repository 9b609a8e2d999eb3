using System.Diagnostics;
using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>One guest that is being worked on, on a thread of its own.</summary>
internal sealed class RunningGuest : IDisposable
{
    private readonly CancellationTokenSource _cancellation;
    private readonly Thread _thread;

    /// <param name="task">The work.</param>
    /// <param name="id">The id of its progress display: no other guest of the run has it.</param>
    /// <param name="streams">Where what is told of it goes.</param>
    /// <param name="progress">Takes its reports, on the threads of the work.</param>
    /// <param name="ended">Takes its end, on the thread of the work.</param>
    /// <param name="cancellation">Cancels it, and all others too.</param>
    public RunningGuest(
        GuestTask task, int id, GuestStreams streams, Func<RunningGuest, IProgress<ConversionProgress>> progress,
        Action<RunningGuest, GuestOutcome> ended, CancellationToken cancellation)
    {
        Task = task;
        Id = id;
        Streams = streams;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellation, task.Cancellation);
        _thread = new Thread(() => ended(this, Run(progress(this)))) { IsBackground = true, Name = $"V2V guest {id}" };
    }

    public GuestTask Task { get; }

    public int Id { get; }

    public GuestStreams Streams { get; }

    public void Start() => _thread.Start();

    /// <summary>Waits until what the work does at its end is done: what was made at the target is removed by then.</summary>
    public void Join() => _thread.Join();

    public void Dispose() => _cancellation.Dispose();

    private GuestOutcome Run(IProgress<ConversionProgress> progress)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            return new GuestOutcome(Task.Work(progress, _cancellation.Token), null, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception) when (_cancellation.IsCancellationRequested)
        {
            // Whatever it was that gave way first: a disk that was closed while it was read is no error of the guest.
            return new GuestOutcome(null, null, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e)
        {
            return new GuestOutcome(null, e, Stopwatch.GetElapsedTime(started));
        }
    }
}
