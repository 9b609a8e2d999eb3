using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>Copies a guest's disks to a target, one after the other, each with all threads, and reads them back if that is wanted.</summary>
internal sealed class DiskCopies
{
    private readonly IReadOnlyList<CopyPlan> _plans;
    private readonly CopyOptions _options;
    private readonly PhaseClock _clock;
    private readonly List<TargetDisk> _disks = [];
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

    /// <summary>What of the disks is not in the copy.</summary>
    public IEnumerable<Concern> Concerns => _plans.Select(p => (p.Source as CopySource)?.Concern).OfType<Concern>();

    public static DiskCopies Run(
        IReadOnlyList<CopyPlan> plans,
        IReadOnlyList<TargetDiskRequest> requests,
        ConversionTarget target,
        CopyOptions options,
        PhaseClock clock,
        CancellationToken cancellation,
        bool willCompare = false)
    {
        var copies = new DiskCopies(plans, options, clock);
        copies.ForEachDisk(
            "Copying",
            i => requests[i].FileName,
            (i, progress) =>
            {
                var disk = target.CreateDisk(requests[i]);
                if (willCompare && disk.Writer.File is null)
                {
                    throw new TargetException(V2VError.TargetUnsupported, $"What is written to {target.Description} cannot be read again, so that -Verify has nothing to compare.")
                    {
                        Path = requests[i].FileName,
                        Advice = "Convert without -Verify, or to another target.",
                    };
                }

                var statistics = DiskCopier.Copy(plans[i], disk.Writer, options, progress, cancellation);
                disk.Writer.Complete();
                copies._disks.Add(disk);
                copies.BytesRead += statistics.BytesRead;
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

    private void ForEachDisk(string activity, Func<int, string> name, Action<int, IProgress<CopyProgress>> work)
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
        public void Report(CopyProgress value) => clock.Report(activity, before + value.Done, total);
    }
}
