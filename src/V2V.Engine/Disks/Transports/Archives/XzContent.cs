using System.Runtime.ExceptionServices;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>
/// What an .xz file holds. Its index tells the size of every block, so that only those that are needed are decoded, by several threads at
/// once; a file of one block, as xz writes it with one thread, is decoded from its start.
/// </summary>
internal sealed class XzContent : PackedContent
{
    /// <summary>Each takes some 100 MiB for what "xz -9" has compressed.</summary>
    private const int MaximumDecoders = 8;

    private readonly List<XzBlock> _blocks;
    private readonly Progress[] _progress;

    public XzContent(DiskFile packed, string? temporaryFolder) : base(packed, XzIndex.Format, temporaryFolder)
    {
        try
        {
            _blocks = XzIndex.Read(packed);
        }
        catch
        {
            base.Dispose(disposing: true);
            throw;
        }

        _progress = [.. _blocks.Select(_ => new Progress())];
    }

    public override long Length => _blocks is [.., var last] ? last.Offset + last.Length : 0;

    public override bool Reaches(long end) => end <= Length;

    public override void Require(long offset, long length)
    {
        long end = offset + length;
        int first = Find(offset);
        int last = end > offset ? Find(end - 1) : first - 1;
        if (last <= first)
        {
            for (int i = first; i <= last; i++)
            {
                Unpack(i, end);
            }

            return;
        }

        try
        {
            Parallel.For(first, last + 1, new ParallelOptions { MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, MaximumDecoders) }, i => Unpack(i, end));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    public override void CheckWhole() => Require(0, Length);

    protected override void Dispose(bool disposing)
    {
        foreach (Progress progress in _progress ?? [])
        {
            progress.Lock.Enter();
        }

        base.Dispose(disposing);
        foreach (Progress progress in _progress ?? [])
        {
            progress.Lock.Exit();
        }
    }

    private void Unpack(int index, long contentEnd)
    {
        XzBlock block = _blocks[index];
        Progress progress = _progress[index];
        // Decoders take much memory, so none is left half-way, unless it is the only one.
        long end = _blocks.Count > 1 ? block.Length : Math.Min(contentEnd - block.Offset, block.Length);
        if (Volatile.Read(ref progress.Unpacked) >= end)
        {
            return;
        }

        lock (progress.Lock)
        {
            if (progress.Failure is not null)
            {
                throw progress.Failure;
            }

            try
            {
                while (progress.Unpacked < end)
                {
                    progress.Decoder ??= new XzBlockDecoder(Packed, block, Store);
                    Volatile.Write(ref progress.Unpacked, progress.Decoder.Continue());
                }

                if (progress.Unpacked == block.Length)
                {
                    progress.Decoder = null;
                }
            }
            catch (V2VException e)
            {
                progress.Failure = e;
                throw;
            }
        }
    }

    /// <summary>The block that a byte of the content is in.</summary>
    private int Find(long offset)
    {
        int low = 0;
        int high = _blocks.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_blocks[middle].Offset + _blocks[middle].Length <= offset)
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

    private sealed class Progress
    {
        public readonly Lock Lock = new();
        public long Unpacked;
        public XzBlockDecoder? Decoder;
        public V2VException? Failure;
    }
}
