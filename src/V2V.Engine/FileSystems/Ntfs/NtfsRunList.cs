using System.Runtime.InteropServices;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>The clusters of an attribute, from its first to its last without a gap; holes are runs of their own.</summary>
internal sealed class NtfsRunList
{
    private readonly List<NtfsRun> _runs;

    public NtfsRunList(params ReadOnlySpan<NtfsRun> runs) => _runs = [.. runs];

    public int Count => _runs.Count;

    public NtfsRun this[int index] => _runs[index];

    public ReadOnlySpan<NtfsRun> Runs => CollectionsMarshal.AsSpan(_runs);

    /// <summary>Clusters, holes among them.</summary>
    public long Length => _runs.Count == 0 ? 0 : _runs[^1].End;

    /// <summary>Clusters that lie on the volume.</summary>
    public long Allocated
    {
        get
        {
            long sum = 0;
            foreach (var run in Runs)
            {
                sum += run.IsHole ? 0 : run.Length;
            }

            return sum;
        }
    }

    public bool HasHoles => _runs.Exists(r => r.IsHole);

    /// <summary>The run that holds a cluster, cut to begin there; null behind the last.</summary>
    public NtfsRun? Find(long vcn)
    {
        var index = IndexOf(vcn);
        return index < _runs.Count ? _runs[index].Slice(vcn, _runs[index].End - vcn) : null;
    }

    /// <summary>The index of the run that holds a cluster, or the number of runs.</summary>
    public int IndexOf(long vcn)
    {
        var (low, high) = (0, _runs.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_runs[middle].End <= vcn)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Adds clusters at the end.</summary>
    public void Append(long lcn, long length)
    {
        if (length > 0)
        {
            Add(_runs, new NtfsRun(Length, lcn, length));
        }
    }

    /// <summary>Puts a run in the place of what its clusters are now.</summary>
    public void Replace(NtfsRun run)
    {
        var first = IndexOf(run.Vcn);
        var last = first;
        while (last < _runs.Count && _runs[last].End < run.End)
        {
            last++;
        }

        var replacement = new List<NtfsRun>(5);
        if (first > 0)
        {
            replacement.Add(_runs[first - 1]);
        }

        if (_runs[first].Vcn < run.Vcn)
        {
            Add(replacement, _runs[first] with { Length = run.Vcn - _runs[first].Vcn });
        }

        Add(replacement, run);
        if (_runs[last].End > run.End)
        {
            Add(replacement, _runs[last].Slice(run.End, _runs[last].End - run.End));
        }

        var from = first > 0 ? first - 1 : first;
        var to = last + 1;
        if (to < _runs.Count)
        {
            Add(replacement, _runs[to++]);
        }

        _runs.RemoveRange(from, to - from);
        _runs.InsertRange(from, replacement);
    }

    /// <summary>Cuts the list to a number of clusters and returns what was cut off and lies on the volume.</summary>
    public List<NtfsRun> Truncate(long length)
    {
        var cut = new List<NtfsRun>();
        while (_runs.Count > 0 && _runs[^1].End > length)
        {
            var run = _runs[^1];
            _runs.RemoveAt(_runs.Count - 1);
            if (run.Vcn < length)
            {
                _runs.Add(run with { Length = length - run.Vcn });
                run = run.Slice(length, run.End - length);
            }

            if (!run.IsHole)
            {
                cut.Add(run);
            }
        }

        return cut;
    }

    public NtfsRunList Copy() => new(Runs);

    private static void Add(List<NtfsRun> runs, NtfsRun run)
    {
        if (runs.Count > 0 && runs[^1].Continues(run))
        {
            runs[^1] = runs[^1] with { Length = runs[^1].Length + run.Length };
        }
        else
        {
            runs.Add(run);
        }
    }
}
