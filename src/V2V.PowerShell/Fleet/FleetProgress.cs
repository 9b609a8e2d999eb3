using System.Diagnostics;
using System.Management.Automation;

namespace V2V.PowerShell.Fleet;

/// <summary>The progress of all guests of a run together: how many of those known so far are done, bytes, rate and time left.</summary>
/// <param name="activity">Headline of the display.</param>
internal sealed class FleetProgress(string activity)
{
    /// <summary>The id of the display, which is the parent of the guests' ones.</summary>
    public const int Id = 0;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<int, GuestProgress> _running = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _lastShown;
    private long _bytesOfEnded;

    /// <summary>Guests that are known already but not started.</summary>
    public int Upcoming { get; set; }

    public int Ended { get; private set; }

    public void Start(int guest, GuestProgress progress) => _running.Add(guest, progress);

    public void End(int guest)
    {
        if (_running.Remove(guest, out var progress))
        {
            _bytesOfEnded += progress.Done;
        }

        Ended++;
    }

    /// <summary>The display as it is now; null when it was shown only a moment ago.</summary>
    /// <param name="always">A guest began or ended: shows it whenever that was.</param>
    public ProgressRecord? Show(bool always)
    {
        if (!always && Stopwatch.GetElapsedTime(_lastShown) < Interval)
        {
            return null;
        }

        _lastShown = Stopwatch.GetTimestamp();
        var known = Ended + _running.Count + Upcoming;
        var record = new ProgressRecord(Id, activity, $"{Ended} of {known} guests done, {_running.Count} running");
        // A guest counts as far as it is copied: what comes before and after that is short.
        var done = Ended + _running.Values.Sum(guest => guest.Total > 0 ? (double)guest.Done / guest.Total : 0);
        record.PercentComplete = known > 0 ? (int)(100 * done / known) : -1;
        var bytes = _bytesOfEnded + _running.Values.Sum(guest => guest.Done);
        var elapsed = Stopwatch.GetElapsedTime(_start);
        if (bytes > 0 && elapsed > GuestProgress.Warmup)
        {
            record.CurrentOperation = $"{Formatting.Size(bytes)} copied, {Formatting.Rate(bytes / elapsed.TotalSeconds)}";
        }

        if (done > 0 && elapsed > GuestProgress.Warmup)
        {
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, elapsed.TotalSeconds * (known - done) / done);
        }

        return record;
    }

    public ProgressRecord Completed() => new(Id, activity, "Done") { RecordType = ProgressRecordType.Completed };
}
