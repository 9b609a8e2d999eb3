namespace V2V.Engine.Volumes.Lvm;

/// <summary>A run of physical extents.</summary>
internal readonly record struct LvmExtentRun(long Start, long Count)
{
    internal long End => Start + Count;
}

/// <summary>Which extents of each physical volume the striped segments of a group take.</summary>
internal sealed class LvmAllocation
{
    private readonly Dictionary<string, List<LvmExtentRun>> _runs = new(StringComparer.Ordinal);

    /// <exception cref="VolumeException">Two segments take the same extent, or one that the physical volume does not have.</exception>
    internal LvmAllocation(LvmVolumeGroupMetadata metadata)
    {
        foreach (var physical in metadata.PhysicalVolumes)
        {
            _runs.Add(physical.Name, []);
        }

        foreach (var segment in metadata.LogicalVolumes.SelectMany(l => l.Segments))
        {
            foreach (var stripe in segment.Stripes)
            {
                // A stripe on another logical volume has no extents of its own.
                if (_runs.TryGetValue(stripe.On, out var runs))
                {
                    runs.Add(new LvmExtentRun(stripe.Extent, segment.StripeExtents));
                }
            }
        }

        foreach (var physical in metadata.PhysicalVolumes)
        {
            Check(metadata.Name, physical, _runs[physical.Name]);
        }
    }

    /// <summary>The runs among the first <paramref name="count"/> extents of a physical volume that no segment takes.</summary>
    internal IEnumerable<LvmExtentRun> FreeRuns(string physical, long count)
    {
        var next = 0L;
        foreach (var run in _runs[physical].Append(new LvmExtentRun(count, 0)))
        {
            if (run.Start > next)
            {
                yield return new LvmExtentRun(next, Math.Min(run.Start, count) - next);
            }

            next = Math.Max(next, run.End);
            if (next >= count)
            {
                break;
            }
        }
    }

    private static void Check(string group, LvmPhysicalVolumeRecord physical, List<LvmExtentRun> runs)
    {
        runs.Sort((a, b) => a.Start.CompareTo(b.Start));
        var next = 0L;
        foreach (var run in runs)
        {
            if (run.Start < next)
            {
                throw LvmErrors.Corrupt($"Two logical volumes of the volume group {group} take extent {run.Start} of the physical volume {physical.Id}");
            }

            next = run.End;
        }

        if (next > physical.ExtentCount)
        {
            throw LvmErrors.Corrupt(
                $"A logical volume of the volume group {group} takes extent {next - 1} of the physical volume {physical.Id}, which has {physical.ExtentCount}");
        }
    }
}
