using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>Copies a guest's disks to a target, one after the other, each with all threads.</summary>
internal sealed class DiskCopies
{
    /// <summary>How the domain refers to the disks, in order.</summary>
    public required IReadOnlyList<DomainDiskSource> Sources { get; init; }

    public required long BytesRead { get; init; }

    public required long BytesWritten { get; init; }

    public static DiskCopies Run(
        IReadOnlyList<CopyPlan> plans,
        IReadOnlyList<TargetDiskRequest> requests,
        ConversionTarget target,
        CopyOptions options,
        PhaseClock clock,
        CancellationToken cancellation)
    {
        var sources = new List<DomainDiskSource>();
        long read = 0, written = 0, before = 0;
        var total = plans.Sum(p => p.TotalBytes);
        for (var i = 0; i < plans.Count; i++)
        {
            var disk = target.CreateDisk(requests[i]);
            var progress = new DiskProgress(clock, $"Copying {requests[i].FileName}", before, total);
            var statistics = DiskCopier.Copy(plans[i], disk.Writer, options, progress, cancellation);
            disk.Writer.Complete();
            clock.ReportCopied(new CopiedDisk(requests[i].FileName, statistics.BytesRead, disk.Writer.BytesWritten));
            sources.Add(disk.Source);
            before += plans[i].TotalBytes;
            read += statistics.BytesRead;
            written += disk.Writer.BytesWritten;
        }

        return new DiskCopies { Sources = sources, BytesRead = read, BytesWritten = written };
    }

    /// <summary>Adds the progress of one disk to what was copied before it.</summary>
    private sealed class DiskProgress(PhaseClock clock, string activity, long before, long total) : IProgress<CopyProgress>
    {
        public void Report(CopyProgress value) => clock.Report(activity, before + value.Done, total);
    }
}
