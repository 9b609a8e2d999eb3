using System.Diagnostics;
using System.Globalization;
using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Resume;

/// <summary>
/// Notes from time to time how far the copy of a guest's disks is, so that a run after one that was cut off can go on with it. A copy that takes less than
/// the interval notes nothing, and its files have no names before they are complete.
/// </summary>
/// <param name="guest">Name of the converted guest.</param>
/// <param name="target"><see cref="ConversionTarget.Description"/>.</param>
/// <param name="interval">Between two checkpoints; zero for none.</param>
internal sealed class CopyCheckpoints(string guest, string target, TimeSpan interval) : IDisposable
{
    /// <summary>Seconds between two checkpoints: as many of a copy are lost at the most, and what waits to be flushed is little.</summary>
    public const double DefaultSeconds = 30;

    /// <summary>Environment variable with other seconds, which may be a fraction; 0 makes none.</summary>
    public const string IntervalVariable = "V2V_CHECKPOINT_SECONDS";

    private readonly List<DiskCheckpoints> _disks = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan _last;
    private bool _hasEnded;

    /// <summary>What the user or the default says.</summary>
    public static TimeSpan DefaultInterval => TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable(IntervalVariable), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? Math.Min(seconds, TimeSpan.FromDays(1).TotalSeconds)
            : DefaultSeconds);

    /// <summary>Something is noted that a later run could go on with.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Why there are none; null as long as there can be.</summary>
    public Concern? Concern { get; private set; }

    /// <summary>A disk's copy begins.</summary>
    /// <returns>Takes what is copied; null when nobody could go on with the copy.</returns>
    public DiskCheckpoints? Begin(TargetDisk disk, TargetDiskRequest request, CopyPlan plan, TakenCopy? taken)
    {
        if (interval <= TimeSpan.Zero || disk.CheckpointPath is not { } path || !disk.Writer.CanBeResumed
            || plan.Source is not CopySource { Version: { } version } source || disk.Writer.File is not { Stamp: { } stamp } file)
        {
            return null;
        }

        var header = new CheckpointHeader
        {
            Program = CheckpointHeader.ThisProgram,
            Guest = guest,
            Target = target,
            Path = file.Path,
            Inode = stamp.Inode,
            Born = stamp.Born,
            Image = CheckpointHeader.Describe(request),
            Source = CheckpointHeader.Digest(version),
            Changed = [.. source.Changed.SelectMany(r => new[] { r.Offset, r.Length })],
        };
        var checkpoints = new DiskCheckpoints(this, disk.Writer, source, path, header, taken?.Chunks ?? []);
        _disks.Add(checkpoints);
        if (taken is not null)
        {
            // What is taken over is noted before anything is added to it.
            WriteAll();
        }

        return checkpoints;
    }

    /// <summary>Makes a checkpoint if it is time. Called by the thread that waits for the copy.</summary>
    public void Tick()
    {
        if (interval > TimeSpan.Zero && Stopwatch.GetElapsedTime(_started) - _last >= interval)
        {
            WriteAll();
        }
    }

    /// <summary>A disk is complete: what comes after it may take long too.</summary>
    public void DiskIsComplete()
    {
        if (HasBegun)
        {
            WriteAll();
        }
    }

    public void Dispose() => _disks.ForEach(d => d.Dispose());

    private void WriteAll()
    {
        try
        {
            if (!_hasEnded)
            {
                _disks.ForEach(d => d.Write());
                HasBegun = true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The copy itself is not in danger.
            _hasEnded = true;
            Concern = new Concern(
                ConcernSeverity.Warning, "CheckpointFailed",
                $"How far the copy was could not be noted any more: {e.Message} If the run had been killed then, -Resume would have had less to go on with.",
                "Check the permissions and the free space of the folder for state ($XDG_STATE_HOME).");
        }

        _last = Stopwatch.GetElapsedTime(_started);
    }
}
