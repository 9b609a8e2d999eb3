namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>
/// What an .xz file holds. Its index tells the size of every block, so that only those that are needed are decoded, by several threads at
/// once; a file of one block, as xz writes it with one thread, is decoded from its start.
/// </summary>
internal sealed class XzContent : PackedContent
{
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
        for (int i = Find(offset); i < _blocks.Count && _blocks[i].Offset < end; i++)
        {
            XzBlock block = _blocks[i];
            // Decoders take much memory, so none is left half-way, unless it is the only one.
            Unpack(block, _progress[i], _blocks.Count > 1 ? block.Length : Math.Min(end - block.Offset, block.Length));
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

    private void Unpack(XzBlock block, Progress progress, long end)
    {
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
