namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>What one MFT record of a file is to hold.</summary>
/// <param name="number">The record; null while it is not known which one.</param>
/// <param name="used">Bytes that are taken already.</param>
internal sealed class NtfsRecordPlan(ulong? number, int used)
{
    public ulong? Number { get; set; } = number;

    public int Used { get; private set; } = used;

    /// <summary>The number that the next new attribute of it gets.</summary>
    public ushort NextInstance { get; set; }

    /// <summary>In the order in which they stand.</summary>
    public List<NtfsExtent> Extents { get; } = [];

    public void Add(NtfsExtent extent, int size)
    {
        Extents.Add(extent);
        Used += size;
    }
}

/// <summary>An attribute, or the part of its runs that one record holds.</summary>
/// <param name="Attribute">The attribute.</param>
/// <param name="FirstRun">Index of its first run.</param>
/// <param name="RunCount">How many there are.</param>
internal sealed record NtfsExtent(NtfsAttribute Attribute, int FirstRun, int RunCount)
{
    public ReadOnlySpan<NtfsRun> Runs => Attribute.Runs!.Runs.Slice(FirstRun, RunCount);

    public long LowestVcn => FirstRun == 0 ? 0 : Attribute.Runs![FirstRun].Vcn;

    /// <summary>What tells it apart from the other attributes of its record.</summary>
    public ushort Instance { get; set; }

    public static NtfsExtent Whole(NtfsAttribute attribute) => new(attribute, 0, attribute.Runs?.Count ?? 0);
}
