namespace V2V.Engine.Disks.Transports.ReadAhead;

/// <summary>What was fetched of a file or is being fetched, by block. What was used longest ago is dropped first. Its user has the lock.</summary>
/// <param name="blockSize">Bytes of a block; fetches start and end on multiples of it, or at the file's end.</param>
/// <param name="limit">Bytes kept at the most, not counting what is in use.</param>
internal sealed class BlockCache(int blockSize, long limit)
{
    private readonly Dictionary<long, LinkedListNode<Fetch>> _blocks = [];
    // Most recently used first.
    private readonly LinkedList<Fetch> _order = new();
    private long _size;

    /// <summary>The fetch that holds a byte of the file; null when there is none.</summary>
    public Fetch? Find(long offset)
    {
        if (!_blocks.TryGetValue(offset / blockSize, out LinkedListNode<Fetch>? node))
        {
            return null;
        }

        _order.Remove(node);
        _order.AddFirst(node);
        return node.Value;
    }

    public bool Contains(long offset) => _blocks.ContainsKey(offset / blockSize);

    public void Add(Fetch fetch)
    {
        LinkedListNode<Fetch> node = _order.AddFirst(fetch);
        for (long offset = fetch.Offset; offset < fetch.End; offset += blockSize)
        {
            _blocks.Add(offset / blockSize, node);
        }

        _size += fetch.Length;
        for (LinkedListNode<Fetch>? last = _order.Last; last is not null && _size > limit;)
        {
            LinkedListNode<Fetch>? previous = last.Previous;
            if (last.Value.Users == 0 && last.Value.HasEnded)
            {
                Remove(last);
                last.Value.Free();
            }

            last = previous;
        }
    }

    /// <summary>Drops a fetch whose bytes its users may still read.</summary>
    public void Remove(Fetch fetch)
    {
        if (_blocks.TryGetValue(fetch.Offset / blockSize, out LinkedListNode<Fetch>? node) && node.Value == fetch)
        {
            Remove(node);
        }
    }

    private void Remove(LinkedListNode<Fetch> node)
    {
        for (long offset = node.Value.Offset; offset < node.Value.End; offset += blockSize)
        {
            _blocks.Remove(offset / blockSize);
        }

        _order.Remove(node);
        _size -= node.Value.Length;
    }
}
