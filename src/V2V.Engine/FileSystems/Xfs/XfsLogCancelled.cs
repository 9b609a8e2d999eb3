namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Blocks that were freed later in the log: what the log holds of them before that must not be replayed, since they may be a file's data now.
/// </summary>
internal sealed class XfsLogCancelled
{
    private readonly Dictionary<(long Start, int Count), int> _times = [];

    public void Note(XfsLogBuffer buffer)
    {
        if (buffer.IsCancellation)
        {
            _times[(buffer.Start, buffer.Count)] = _times.GetValueOrDefault((buffer.Start, buffer.Count)) + 1;
        }
    }

    /// <summary>The place in the log is reached where the blocks were freed; what follows is of their next use.</summary>
    public void Take(XfsLogBuffer buffer)
    {
        var key = (buffer.Start, buffer.Count);
        if (_times.TryGetValue(key, out var times))
        {
            _times[key] = times - 1;
            if (times == 1)
            {
                _times.Remove(key);
            }
        }
    }

    public bool Contains(long start, int count) => _times.ContainsKey((start, count));

    /// <summary>Whether any blocks that begin within a range were freed.</summary>
    public bool ContainsAny(long start, long count) => _times.Keys.Any(k => k.Start >= start && k.Start < start + count);
}
