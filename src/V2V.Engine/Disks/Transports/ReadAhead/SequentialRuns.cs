namespace V2V.Engine.Disks.Transports.ReadAhead;

/// <summary>
/// Recognises reads that go on where others ended, and says what will be needed next. Several runs may be under way at once (a copy and a
/// checksum). Readers that take turns in one run may overtake each other. Its user has the lock.
/// </summary>
/// <param name="blockSize">What is read ahead ends on multiples of it.</param>
/// <param name="step">Bytes of a request when much is read ahead: no more of the window is left idle.</param>
/// <param name="maximumWindow">Bytes read ahead of a run at the most.</param>
internal sealed class SequentialRuns(int blockSize, int step, int maximumWindow)
{
    /// <summary>Runs that are remembered. Those of random reads, which never go on, push each other out.</summary>
    public const int Maximum = 4;

    private sealed class Run
    {
        /// <summary>The end of what was read.</summary>
        public long Next { get; set; }

        /// <summary>The end of what was read ahead.</summary>
        public long Ahead { get; set; }

        /// <summary>Bytes read so far: a run that has been long is expected to go on long.</summary>
        public long Read { get; set; }
    }

    // Most recently used first.
    private readonly List<Run> _runs = new(Maximum + 1);

    /// <summary>Takes note of a read.</summary>
    /// <returns>The range to read ahead now, which may reach beyond the file's end; of no length when there is nothing to do.</returns>
    public (long Offset, long Length) Note(long offset, int length)
    {
        long end = offset + length;
        Run? run = _runs.Find(r => offset >= r.Next && offset <= Math.Max(r.Next, r.Ahead));
        if (run is null)
        {
            _runs.Insert(0, new Run { Next = end, Ahead = end, Read = length });
            if (_runs.Count > Maximum)
            {
                _runs.RemoveAt(Maximum);
            }

            return (end, 0);
        }

        run.Next = end;
        run.Read += length;
        // A reader that was overtaken began a run of its own behind this one: it is none.
        _runs.RemoveAll(r => r == run || (r.Next <= run.Next && r.Next > run.Next - maximumWindow));
        _runs.Insert(0, run);

        long window = Math.Min(2 * run.Read, maximumWindow);
        if (run.Ahead - run.Next > Math.Max(window / 2, window - step))
        {
            return (end, 0);
        }

        long start = Math.Max(run.Ahead, run.Next);
        // The large windows end where requests do, lest each be cut in two.
        run.Ahead = window > 2 * step
            ? Math.Max(start, (run.Next + window) / step * step)
            : (run.Next + window + blockSize - 1) / blockSize * blockSize;
        return (start, run.Ahead - start);
    }
}
