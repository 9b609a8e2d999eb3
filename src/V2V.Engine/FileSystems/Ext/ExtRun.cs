namespace V2V.Engine.FileSystems.Ext;

internal enum ExtRunState
{
    Hole,
    Written,
    /// <summary>Allocated, but reads as zeros until written (preallocation).</summary>
    Unwritten,
}

/// <summary>Consecutive blocks of a file that stand together on the volume, or a hole.</summary>
/// <param name="Logical">First block within the file.</param>
/// <param name="Physical">First block on the volume; 0 for a hole.</param>
/// <param name="Length">Number of blocks, at least 1.</param>
/// <param name="State">What they are.</param>
internal readonly record struct ExtRun(long Logical, long Physical, long Length, ExtRunState State)
{
    public long End => Logical + Length;
}
