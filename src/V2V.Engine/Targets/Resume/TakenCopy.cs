using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Resume;

/// <summary>What is kept of an image that a run was writing when it was killed: read back, and found as it was written.</summary>
/// <param name="File">What its file is known by.</param>
/// <param name="Chunks">In ascending order of the disk, not overlapping.</param>
internal sealed record TakenCopy(FileStamp File, IReadOnlyList<CopiedChunk> Chunks)
{
    /// <summary>Bytes of the disk that need not be copied, zeros included.</summary>
    public long Bytes { get; } = Chunks.Sum(c => (long)c.Length);

    /// <summary>Bytes that had been copied, and are not as they were written.</summary>
    public long DamagedBytes { get; init; }

    public IEnumerable<PlacedRun> Places => Chunks.SelectMany(c => c.Places);

    /// <summary>What of the disk need not be copied, in ascending order.</summary>
    public IReadOnlyList<ByteRange> Ranges() => Join(Chunks.Select(c => new ByteRange(c.Offset, c.Length)));

    /// <summary>What of the file is kept, in ascending order, not overlapping.</summary>
    public IReadOnlyList<ByteRange> HostRanges() => Join(Places.OrderBy(p => p.Host).Select(p => new ByteRange(p.Host, p.Length)));

    private static List<ByteRange> Join(IEnumerable<ByteRange> ordered) =>
        [.. ordered.Select(r => new DiskExtent(r.Offset, r.Length, IsZero: false)).Merge().Select(e => new ByteRange(e.Offset, e.Length))];
}
