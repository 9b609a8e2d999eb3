using System.Globalization;
using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets;

/// <summary>Copies a guest's disks to a target, one after the other, each with all threads, and reads them back if that is wanted.</summary>
internal sealed class DiskCopies
{
    private readonly IReadOnlyList<CopyPlan> _plans;
    private readonly CopyOptions _options;
    private readonly PhaseClock _clock;
    private readonly List<TargetDisk> _disks = [];
    private readonly List<Concern> _resumed = [];
    private readonly long _total;

    private DiskCopies(IReadOnlyList<CopyPlan> plans, CopyOptions options, PhaseClock clock)
    {
        _plans = plans;
        _options = options;
        _clock = clock;
        _total = plans.Sum(p => p.TotalBytes);
    }

    /// <summary>How the domain refers to the disks, in order.</summary>
    public IReadOnlyList<DomainDiskSource> Sources => [.. _disks.Select(d => d.Source)];

    public long BytesRead { get; private set; }

    public long BytesWritten { get; private set; }

    /// <summary>Bytes of the disks that an earlier run had copied.</summary>
    public long BytesResumed { get; private set; }

    /// <summary>Bytes of the disks whose blocks the images share with the source.</summary>
    public long BytesShared { get; private set; }

    /// <summary>What of the disks is not in the copy.</summary>
    public IEnumerable<Concern> Concerns => [.. _resumed, .. _plans.Select(p => (p.Source as CopySource)?.Concern).OfType<Concern>()];

    public static DiskCopies Run(
        IReadOnlyList<CopyPlan> plans,
        IReadOnlyList<TargetDiskRequest> requests,
        ConversionTarget target,
        CopyOptions options,
        PhaseClock clock,
        CancellationToken cancellation,
        bool willCompare = false,
        CopyCheckpoints? checkpoints = null,
        DeadCopy? dead = null)
    {
        var copies = new DiskCopies(plans, options, clock);
        copies.ForEachDisk(
            "Copying",
            i => requests[i].FileName,
            (i, progress) =>
            {
                var taken = dead?.Take(requests[i], plans[i], progress.Of($"Checking what was copied of {requests[i].FileName}"), cancellation);
                var disk = target.CreateDisk(requests[i] with { Taken = taken });
                if (willCompare && disk.Writer.File is null)
                {
                    throw new TargetException(V2VError.TargetUnsupported, $"What is written to {target.Description} cannot be read again, so that -Verify has nothing to compare.")
                    {
                        Path = requests[i].FileName,
                        Advice = "Convert without -Verify, or to another target.",
                    };
                }

                copies.Tell(taken, requests[i].FileName);
                var left = taken is null ? plans[i] : plans[i].Without(taken.Ranges());
                var statistics = DiskCopier.Copy(
                    left, disk.Writer, options, progress.After(taken?.Bytes ?? 0), checkpoints?.Begin(disk, requests[i], plans[i], taken), cancellation);
                disk.Writer.Complete();
                checkpoints?.DiskIsComplete();
                clock.ReportCopied(new CopiedDisk(requests[i].FileName, statistics.BytesRead, disk.Writer.BytesWritten)
                {
                    BytesResumed = taken?.Bytes ?? 0,
                    BytesShared = statistics.BytesShared,
                });
                copies._disks.Add(disk);
                copies.BytesRead += statistics.BytesRead;
                copies.BytesShared += statistics.BytesShared;
                copies.BytesWritten += disk.Writer.BytesWritten;
            });
        return copies;
    }

    /// <summary>Reads what was written from where it lies, and compares it with the converted disks.</summary>
    /// <exception cref="TargetException">A disk differs.</exception>
    public void Compare(CancellationToken cancellation) => ForEachDisk(
        "Comparing",
        i => Path.GetFileName(_disks[i].Source.Path) ?? _disks[i].Source.Volume ?? "",
        (i, progress) =>
        {
            var file = _disks[i].Writer.File!;
            using var written = WrittenDisk.Open(file, _disks[i].Source.Format);
            DiskComparison.Run(_plans[i], written, file.Path, _options.Threads, progress, cancellation);
        });

    private void Tell(TakenCopy? taken, string disk)
    {
        if (taken is null)
        {
            return;
        }

        BytesResumed += taken.Bytes;
        _resumed.Add(new Concern(
            ConcernSeverity.Information, "CopyResumed", string.Create(CultureInfo.InvariantCulture, $"{taken.Bytes} bytes of {disk} had been copied by a run that was stopped, and were taken over.")));
        if (taken.DamagedBytes > 0)
        {
            _resumed.Add(new Concern(
                ConcernSeverity.Warning, "CopyDamaged",
                string.Create(CultureInfo.InvariantCulture, $"{taken.DamagedBytes} bytes of {disk}, which a run that was stopped had written to stable storage, were not there any more as it had written them, and were copied again."),
                "See whether something else writes there, and whether the storage keeps what it has said it has (dmesg, smartctl)."));
        }
    }

    private void ForEachDisk(string activity, Func<int, string> name, Action<int, DiskProgress> work)
    {
        long before = 0;
        for (var i = 0; i < _plans.Count; i++)
        {
            work(i, new DiskProgress(_clock, $"{activity} {name(i)}", before, _total));
            before += _plans[i].TotalBytes;
        }
    }

    /// <summary>Adds the progress of one disk to what was done before it.</summary>
    private sealed class DiskProgress(PhaseClock clock, string activity, long before, long total) : IProgress<CopyProgress>
    {
        /// <summary>That of another activity with the same disk.</summary>
        public DiskProgress Of(string other) => new(clock, other, before, total);

        /// <summary>That of an activity some of which is done already.</summary>
        public DiskProgress After(long done) => new(clock, activity, before + done, total);

        public void Report(CopyProgress value) => clock.Report(activity, before + value.Done, total);
    }
}
