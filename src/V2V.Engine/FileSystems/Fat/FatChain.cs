namespace V2V.Engine.FileSystems.Fat;

/// <summary>The clusters of a file or directory in order.</summary>
internal sealed class FatChain
{
    private readonly List<FatRun> _runs = [];

    /// <summary>Number of the first cluster of each run within the file.</summary>
    private readonly List<uint> _starts = [];

    /// <summary>Number of clusters.</summary>
    public uint Count { get; private set; }

    /// <summary>The last cluster; 0 when there is none.</summary>
    public uint Last => _runs.Count == 0 ? 0 : _runs[^1].End - 1;

    /// <summary>Follows a file's clusters from the first (0 for none) to the end, or to as many as it can have.</summary>
    /// <param name="table">The table.</param>
    /// <param name="first">First cluster.</param>
    /// <param name="limit">After how many clusters to stop.</param>
    /// <exception cref="GuestFileSystemException">The table leads somewhere else.</exception>
    public static FatChain Read(FatTable table, uint first, long limit)
    {
        var chain = new FatChain();
        if (first == 0)
        {
            return chain;
        }

        if (!table.IsCluster(first))
        {
            throw FatErrors.Corrupt($"a file begins in cluster {first}, which does not exist.");
        }

        for (uint? next = first; next is { } cluster && chain.Count < limit; next = chain.Count < limit ? table.Next(cluster) : null)
        {
            chain.Add(new FatRun(cluster, 1));
        }

        return chain;
    }

    public void Add(FatRun run)
    {
        if (_runs.Count > 0 && _runs[^1].End == run.Start)
        {
            _runs[^1] = _runs[^1] with { Count = _runs[^1].Count + run.Count };
        }
        else
        {
            _starts.Add(Count);
            _runs.Add(run);
        }

        Count += run.Count;
    }

    /// <summary>Where the cluster with this number in the file stands, and how many follow it on the volume, itself included.</summary>
    public FatRun Find(uint number)
    {
        var index = _starts.BinarySearch(number);
        index = index < 0 ? ~index - 1 : index;
        var skipped = number - _starts[index];
        return new FatRun(_runs[index].Start + skipped, _runs[index].Count - skipped);
    }
}
