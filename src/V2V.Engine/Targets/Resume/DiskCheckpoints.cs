using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets.Resume;

/// <summary>The checkpoints of one disk.</summary>
internal sealed class DiskCheckpoints : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CopyCheckpoints _guest;
    private readonly ImageWriter _writer;
    private readonly CopySource _source;
    private readonly string _path;
    private readonly CheckpointHeader _header;
    private List<CopiedChunk> _waiting;
    private CheckpointFile? _file;

    public DiskCheckpoints(CopyCheckpoints guest, ImageWriter writer, CopySource source, string path, CheckpointHeader header, IEnumerable<CopiedChunk> taken)
    {
        _guest = guest;
        _writer = writer;
        _source = source;
        _path = path;
        _header = header;
        _waiting = [.. taken];
    }

    /// <summary>Takes a chunk that is written. From any thread.</summary>
    /// <param name="offset">Its first byte on the disk.</param>
    /// <param name="data">What the disk holds there.</param>
    /// <param name="places">Where it was written to, in ascending order.</param>
    public void Add(long offset, ReadOnlySpan<byte> data, List<PlacedRun> places)
    {
        // Zeros that stand for what could not be read are no copy of it: it is tried again, and told again.
        if (_source.HasUnreadable(offset, data.Length))
        {
            return;
        }

        var chunk = new CopiedChunk(
            offset, data.Length, CopiedChunk.ChecksumOf(data), _writer.DataStart is { } start ? [new PlacedRun(offset, data.Length, start + offset)] : [.. places]);
        lock (_lock)
        {
            _waiting.Add(chunk);
        }
    }

    /// <summary>As <see cref="CopyCheckpoints.Tick"/>.</summary>
    public void Tick() => _guest.Tick();

    /// <summary>Brings to stable storage what was written, then that it was.</summary>
    public void Write()
    {
        List<CopiedChunk> chunks;
        lock (_lock)
        {
            (chunks, _waiting) = (_waiting, []);
        }

        if (_file is not null && chunks.Count == 0)
        {
            return;
        }

        _writer.TakeName();
        _writer.File!.Flush();
        if (_file is null)
        {
            _file = CheckpointFile.Create(_path, _header, chunks);
        }
        else
        {
            _file.Add(chunks);
        }
    }

    public void Dispose() => _file?.Dispose();
}
