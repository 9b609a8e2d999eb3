namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory with data blocks, a tree of hashes over them, and an index of their free space.</summary>
internal sealed class XfsDirectoryTree : XfsDirectoryBlocks
{
    private readonly XfsDaTree _tree;

    public XfsDirectoryTree(XfsFork fork, XfsDirectoryLayout layout)
        : base(fork, layout) =>
        _tree = new XfsDaTree(fork, layout.LeafStart, layout.FreeStart, layout.BlockCount, XfsDaBlockKind.DirectoryLeaf);

    private int FreeIndexCapacity => XfsDirectoryFreeIndex.CapacityOf(Fork.Geometry, Layout);

    public override bool TryAdd(XfsDirectoryEntry entry)
    {
        var (number, isNew) = FindRoom(Layout.EntrySize(entry.Name.Length));
        var data = isNew ? AddData(number) : ReadData(number);
        var address = Add(data, entry);
        SetBest(number, data.LongestFree);
        AddHash(new XfsDirectoryHash(XfsDaHash.Compute(entry.Name), address));
        return true;
    }

    public override void Remove(ReadOnlySpan<byte> name)
    {
        var address = LocateExisting(name);
        var (number, offset) = Layout.Locate(address);
        var data = ReadData(number);
        data.Remove(offset);
        SetBest(number, FreeUnused(data) ? XfsDirectoryFreeIndex.NoBlock : data.LongestFree);
        RemoveHash(XfsDaHash.Compute(name), address);
    }

    public override void Grow() => throw XfsErrors.Full($"Directory {Fork.Owner} cannot grow any more.");

    public override bool TryShrink()
    {
        var root = _tree.Read(Layout.LeafStart);
        if (new XfsDaBlock(Fork, Layout.LeafStart, root).Kind != XfsDaBlockKind.DirectoryLeaf || FreeIndexBlocks().Any(n => n != 0))
        {
            return false;
        }

        var (leaf, index) = (ReadLeaf(Layout.LeafStart), ReadFreeIndex(0));
        var hashes = leaf.Hashes.Live();
        if (index is null || !leaf.FitSingle(hashes.Count, index.Count))
        {
            return false;
        }

        leaf.Write(hashes, [.. Enumerable.Range(0, index.Count).Select(index.Best)]);
        Fork.Free(Layout.FreeStart, Layout.BlockCount);
        return true;
    }

    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        var path = _tree.Find(hash);
        while (!ReadLeaf(path.Leaf).Hashes.Find(hash, addresses) && _tree.MoveNext(path))
        {
        }

        return addresses;
    }

    private XfsDirectoryLeaf ReadLeaf(uint block) => new(Fork, block, _tree.Read(block), XfsDaBlockKind.DirectoryLeaf);

    private XfsDirectoryFreeIndex? ReadFreeIndex(uint number)
    {
        var block = Layout.FreeStart + ((ulong)number * (uint)Layout.BlockCount);
        var buffer = block < Layout.End ? Fork.Read((uint)block, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset) : null;
        return buffer is null ? null : new XfsDirectoryFreeIndex(Fork, Layout, number, buffer);
    }

    /// <summary>Numbers of the blocks of the free index that there are.</summary>
    private IEnumerable<uint> FreeIndexBlocks()
    {
        var next = 0u;
        foreach (var (block, count) in Fork.Mapped(Layout.FreeStart))
        {
            var end = Math.Min((ulong)block + count, Layout.End) - Layout.FreeStart;
            for (var number = Math.Max(next, (block - Layout.FreeStart) / (uint)Layout.BlockCount); number * (ulong)Layout.BlockCount < end; number++)
            {
                next = number + 1;
                yield return number;
            }
        }
    }

    /// <summary>A data block with room for an entry, or the number of the first that is not there.</summary>
    private (uint Number, bool IsNew) FindRoom(int size)
    {
        var (missing, expected) = ((uint?)null, 0u);
        foreach (var number in FreeIndexBlocks())
        {
            if (number != expected)
            {
                missing ??= expected * (uint)FreeIndexCapacity;
            }

            var index = ReadFreeIndex(number)!;
            for (var i = 0; i < index.Count; i++)
            {
                var best = index.Best(i);
                if (best == XfsDirectoryFreeIndex.NoBlock)
                {
                    missing ??= index.FirstBlock + (uint)i;
                }
                else if (best >= size)
                {
                    return (index.FirstBlock + (uint)i, false);
                }
            }

            if (index.Count < index.Capacity)
            {
                missing ??= index.FirstBlock + (uint)index.Count;
            }

            expected = number + 1;
        }

        return (missing ?? expected * (uint)FreeIndexCapacity, true);
    }

    private void SetBest(uint dataBlock, ushort best)
    {
        var (number, at) = (dataBlock / (uint)FreeIndexCapacity, (int)(dataBlock % (uint)FreeIndexCapacity));
        var block = Layout.FreeStart + (number * (uint)Layout.BlockCount);
        var index = ReadFreeIndex(number)
            ?? XfsDirectoryFreeIndex.Initialise(Fork, Layout, number, Fork.Allocate(block, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset));
        index.SetBest(at, best);
        if (index.UsedCount == 0)
        {
            Fork.Free(block, Layout.BlockCount);
        }
    }

    private void AddHash(XfsDirectoryHash added)
    {
        var path = _tree.Find(added.Hash);
        var leaf = ReadLeaf(path.Leaf);
        var hashes = leaf.Hashes.Live();
        var last = hashes.Count > 0 ? hashes[^1].Hash : 0;
        XfsDirectoryHashes.Insert(hashes, added);
        if (hashes.Count <= leaf.Capacity)
        {
            leaf.Write(hashes, bests: null);
            _tree.SetLastHash(path, hashes[^1].Hash);
            return;
        }

        if (path.IsRoot)
        {
            _tree.Deepen(path, last);
            leaf = ReadLeaf(path.Leaf);
        }

        var half = hashes.Count / 2;
        var (block, buffer) = _tree.Allocate();
        var right = XfsDirectoryLeaf.Initialise(Fork, block, buffer, XfsDaBlockKind.DirectoryLeaf);
        leaf.Write(hashes[..half], bests: null);
        right.Write(hashes[half..], bests: null);
        _tree.Add(path, leaf, hashes[half - 1].Hash, right, hashes[^1].Hash);
    }

    private void RemoveHash(uint hash, uint address)
    {
        var path = _tree.Find(hash);
        while (true)
        {
            var leaf = ReadLeaf(path.Leaf);
            var hashes = leaf.Hashes.Live();
            if (hashes.Exists(h => h.Address == address))
            {
                RemoveHash(hashes, address);
                Shrink(path, leaf, hashes);
                return;
            }

            if (!_tree.MoveNext(path))
            {
                throw Vanished();
            }
        }
    }

    /// <summary>Writes a leaf that lost a hash; frees it when that was the last, or joins it with a neighbour when few are left.</summary>
    private void Shrink(XfsDaPath path, XfsDirectoryLeaf leaf, List<XfsDirectoryHash> hashes)
    {
        if (hashes.Count == 0 && !path.IsRoot)
        {
            _tree.Remove(path);
            return;
        }

        leaf.Write(hashes, bests: null);
        if (hashes.Count > 0)
        {
            _tree.SetLastHash(path, hashes[^1].Hash);
        }

        if (hashes.Count > leaf.Capacity / 2)
        {
            return;
        }

        foreach (var direction in new[] { 1, -1 })
        {
            if (_tree.Neighbour(path, direction) is not { } neighbour)
            {
                continue;
            }

            var others = ReadLeaf(neighbour.Leaf).Hashes.Live();
            if (XfsDaTree.IsWellFilled(hashes.Count + others.Count, leaf.Capacity))
            {
                var (first, second) = direction > 0 ? (path, neighbour) : (neighbour, path);
                List<XfsDirectoryHash> joined = direction > 0 ? [.. hashes, .. others] : [.. others, .. hashes];
                ReadLeaf(first.Leaf).Write(joined, bests: null);
                _tree.SetLastHash(first, joined[^1].Hash);
                _tree.Remove(second);
                return;
            }
        }
    }
}
