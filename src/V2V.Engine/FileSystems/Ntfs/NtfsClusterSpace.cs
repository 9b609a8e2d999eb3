namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>Gives an attribute clusters and takes them away.</summary>
internal sealed class NtfsClusterSpace(NtfsVolume volume, NtfsFile file, NtfsAttribute attribute)
{
    private NtfsRunList Runs => attribute.Runs!;

    /// <summary>Sets the number of clusters; what is added lies behind what is there, if it can.</summary>
    public void Resize(long clusters, bool isForMft = false)
    {
        if (clusters < Runs.Length)
        {
            Free(Runs.Truncate(clusters));
        }
        else if (clusters > Runs.Length)
        {
            foreach (var run in volume.Clusters.Allocate(clusters - Runs.Length, Hint(Runs.Length), isForMft))
            {
                Runs.Append(run.Lcn, run.Length);
            }
        }

        Count();
    }

    /// <summary>Adds clusters that have no place on the volume. The attribute must be sparse.</summary>
    public void AppendHole(long clusters)
    {
        Runs.Append(NtfsRun.Hole, clusters);
        Count();
    }

    /// <summary>Gives the holes of a range clusters; what was added, in order.</summary>
    public List<NtfsRun> FillHoles(long vcn, long end)
    {
        var filled = new List<NtfsRun>();
        while (vcn < end && Runs.Find(vcn) is { } run)
        {
            var length = Math.Min(run.Length, end - vcn);
            if (run.IsHole)
            {
                var next = vcn;
                foreach (var found in volume.Clusters.Allocate(length, Hint(vcn)))
                {
                    var fresh = new NtfsRun(next, found.Lcn, found.Length);
                    Runs.Replace(fresh);
                    filled.Add(fresh);
                    next += found.Length;
                }
            }

            vcn += length;
        }

        Count();
        return filled;
    }

    /// <summary>Takes away everything.</summary>
    public void Clear()
    {
        Free(Runs.Truncate(0));
        Count();
    }

    private void Free(List<NtfsRun> runs)
    {
        foreach (var run in runs)
        {
            volume.Clusters.Free(run.Lcn, run.Length);
        }
    }

    /// <summary>Where the cluster before a place lies, so that the next one can follow it.</summary>
    private long? Hint(long vcn)
    {
        for (var index = Runs.IndexOf(vcn) - 1; index >= 0; index--)
        {
            if (!Runs[index].IsHole)
            {
                return Runs[index].Lcn + Runs[index].Length;
            }
        }

        return null;
    }

    private void Count()
    {
        attribute.AllocatedSize = Runs.Length << volume.Boot.ClusterLog;
        attribute.CompressedSize = attribute.HasCompressedSize ? Runs.Allocated << volume.Boot.ClusterLog : 0;
        file.MarkDirty();
    }
}
