using System.Management.Automation;
using V2V.Engine;

namespace V2V.PowerShell.Fleet;

/// <summary>
/// Works on many guests, some of them at a time, each on a thread of its own. What they tell is handed to their streams only by the thread that
/// calls <see cref="Start"/>, <see cref="HandOver"/> and <see cref="Finish"/>, in order for each guest; whatever a stream throws there
/// cancels all guests, and is thrown on when they have removed what they made.
/// </summary>
/// <param name="activity">Headline of the display of the whole.</param>
/// <param name="limit">Guests at a time.</param>
/// <param name="whole">Takes the progress of the whole.</param>
/// <param name="log">The record of the run; null for none.</param>
/// <param name="cancellation">Cancels all guests.</param>
internal sealed class GuestRunner(string activity, int limit, GuestStreams whole, RunLog? log = null, CancellationToken cancellation = default) : IDisposable
{
    /// <summary>Progress records in a second that a host still shows without effort, of all guests together.</summary>
    private const int MaximumRecordRate = 40;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _interval = TimeSpan.FromSeconds(Math.Max(ShortestInterval.TotalSeconds, (double)limit / MaximumRecordRate));
    private readonly CancellationTokenSource _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private readonly EventQueue<Event> _events = new();
    private readonly Dictionary<RunningGuest, GuestProgress> _running = [];
    private readonly FleetProgress _progress = new(activity);
    private readonly List<GuestProgress> _unfinished = [];
    private int _started;

    /// <summary>Guests that are known already but not started, for the display.</summary>
    public int Upcoming
    {
        get => _progress.Upcoming;
        set => _progress.Upcoming = value;
    }

    /// <summary>Waits until fewer than the limit are running, and starts one more.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled, and all of it has ended.</exception>
    public void Start(GuestTask task, GuestStreams streams)
    {
        Drain(atMostRunning: limit - 1);
        var guest = new RunningGuest(task, ++_started, streams, Reporter, Enqueue, _cancellation.Token);
        Guarded(() =>
        {
            var progress = new GuestProgress(guest.Id, FleetProgress.Id, task.Activity);
            _progress.Start(guest.Id, progress);
            streams.Started();
            whole.WriteProgress(_progress.Show(always: true)!);
            _running.Add(guest, progress);
            log?.GuestStarted(guest.Id, task);
            guest.Start();
        });
    }

    /// <summary>Hands over what has been told so far, without waiting.</summary>
    public void HandOver() => Drain(atMostRunning: int.MaxValue);

    /// <summary>Waits for all guests and hands over what they tell.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled, and all of it has ended.</exception>
    public void Finish()
    {
        Drain(atMostRunning: 0);
        if (_started > 0)
        {
            Guarded(() => whole.WriteProgress(_progress.Completed()));
        }

        if (log?.Failure is { } failure)
        {
            whole.WriteWarning($"The record of the run, {log.Path}, ends early: {failure.Message}");
        }
    }

    /// <summary>Cancels what still runs, and waits for it.</summary>
    public void Dispose()
    {
        CancelAndWait();
        _cancellation.Dispose();
    }

    private void Drain(int atMostRunning)
    {
        Guarded(() =>
        {
            while (_running.Count > atMostRunning)
            {
                Handle(_events.Take());
            }

            while (_events.TryTake(out var next))
            {
                Handle(next);
            }
        });
        if (_cancellation.IsCancellationRequested)
        {
            CancelAndWait();
            throw new OperationCanceledException(_cancellation.Token);
        }
    }

    private void Handle(Event told)
    {
        if (_cancellation.IsCancellationRequested && told.Outcome is null)
        {
            return;
        }

        var guest = told.Guest;
        if (!_running.TryGetValue(guest, out var progress))
        {
            return; // A thread of the engine that reports after the work has ended.
        }

        if (told.Report is { } report)
        {
            if (progress.EntersPhase(report))
            {
                guest.Streams.WriteVerbose($"{guest.Task.Activity}: {report.Phase}");
            }

            guest.Streams.WriteProgress(progress.Show(report));
            if (_progress.Show(always: false) is { } all)
            {
                whole.WriteProgress(all);
            }
        }
        else if (told.Outcome is { } outcome)
        {
            _running.Remove(guest);
            _progress.End(guest.Id);
            guest.Join();
            guest.Dispose();
            End(guest, progress, outcome);
        }
    }

    private void End(RunningGuest guest, GuestProgress progress, GuestOutcome outcome)
    {
        try
        {
            if (_cancellation.IsCancellationRequested)
            {
                return;
            }

            guest.Streams.WriteProgress(progress.Completed());
            whole.WriteProgress(_progress.Show(always: true)!);
            if (outcome.Error is { } error)
            {
                guest.Streams.WriteError(ErrorRecords.From(error, guest.Task.Target));
            }
            else if (outcome.Result is { } result)
            {
                guest.Task.Done(guest.Streams, result);
            }
        }
        finally
        {
            guest.Streams.Ended(outcome);
        }
    }

    /// <summary>The reports of a guest on their way to the record of the run, which takes all, and to the display.</summary>
    private IProgress<ConversionProgress> Reporter(RunningGuest guest)
    {
        var display = new ProgressThinner(report => _events.Add(new Event(guest, report, null)), _interval);
        return log is null ? display : log.Reporter(guest.Id, guest.Task, display);
    }

    private void Enqueue(RunningGuest guest, GuestOutcome outcome)
    {
        log?.GuestEnded(guest.Id, guest.Task, outcome);
        _events.Add(new Event(guest, null, outcome));
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch
        {
            // The pipeline is being stopped, by -ErrorAction Stop for instance. The engine still has to remove what it has made.
            CancelAndWait();
            CompleteDisplays();
            throw;
        }
    }

    /// <summary>Takes the displays away that an error left, where the host still takes anything.</summary>
    private void CompleteDisplays()
    {
        try
        {
            foreach (var progress in _unfinished)
            {
                whole.WriteProgress(progress.Completed());
            }

            whole.WriteProgress(_progress.Completed());
        }
        catch (Exception e) when (e is RuntimeException or InvalidOperationException)
        {
            // The pipeline is stopped. Hosts clear the screen then.
        }
    }

    private void CancelAndWait()
    {
        if (_running.Count == 0)
        {
            return;
        }

        _cancellation.Cancel();
        foreach (var (guest, progress) in _running)
        {
            _unfinished.Add(progress);
            guest.Join();
            guest.Streams.Ended(new GuestOutcome(null, null, TimeSpan.Zero));
            guest.Dispose();
        }

        _running.Clear();
    }

    /// <summary>What a guest's threads tell: a report, or how it ended.</summary>
    private sealed record Event(RunningGuest Guest, ConversionProgress? Report, GuestOutcome? Outcome);
}
