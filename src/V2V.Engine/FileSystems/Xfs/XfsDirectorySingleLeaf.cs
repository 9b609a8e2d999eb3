namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory with data blocks and one leaf.</summary>
internal sealed class XfsDirectorySingleLeaf(XfsFork fork, XfsDirectoryLayout layout, XfsBuffer leaf) : XfsDirectoryBlocks(fork, layout)
{
    private readonly XfsDirectoryLeaf _leaf = new(fork, layout.LeafStart, leaf, XfsDaBlockKind.DirectorySingleLeaf);

    public override bool TryAdd(XfsDirectoryEntry entry)
    {
        var (hashes, bests, size) = (_leaf.Hashes.Live(), _leaf.Bests, Layout.EntrySize(entry.Name.Length));
        var number = bests.FindIndex(b => b != XfsDirectoryFreeIndex.NoBlock && b >= size);
        var isNew = number < 0;
        if (isNew)
        {
            number = bests.IndexOf(XfsDirectoryFreeIndex.NoBlock);
            if (number < 0)
            {
                number = bests.Count;
                bests.Add(XfsDirectoryFreeIndex.NoBlock);
            }
        }

        if (!_leaf.FitSingle(hashes.Count + 1, bests.Count))
        {
            return false;
        }

        var data = isNew ? AddData((uint)number) : ReadData((uint)number);
        var address = Add(data, entry);
        XfsDirectoryHashes.Insert(hashes, new XfsDirectoryHash(XfsDaHash.Compute(entry.Name), address));
        bests[number] = data.LongestFree;
        _leaf.Write(hashes, bests);
        return true;
    }

    public override void Remove(ReadOnlySpan<byte> name)
    {
        var address = LocateExisting(name);
        var (number, offset) = Layout.Locate(address);
        var (hashes, bests, data) = (_leaf.Hashes.Live(), _leaf.Bests, ReadData(number));
        if (number >= bests.Count)
        {
            throw XfsErrors.Corrupt($"directory {Fork.Owner} does not list the free space of its data block {number}.");
        }

        data.Remove(offset);
        RemoveHash(hashes, address);
        bests[(int)number] = FreeUnused(data) ? XfsDirectoryFreeIndex.NoBlock : data.LongestFree;
        while (bests[^1] == XfsDirectoryFreeIndex.NoBlock)
        {
            bests.RemoveAt(bests.Count - 1);
        }

        _leaf.Write(hashes, bests);
    }

    public override void Grow()
    {
        var (hashes, bests) = (_leaf.Hashes.Live(), _leaf.Bests);
        var index = XfsDirectoryFreeIndex.Initialise(
            Fork, Layout, 0, Fork.Allocate(Layout.FreeStart, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset));
        if (bests.Count > index.Capacity)
        {
            throw XfsErrors.Corrupt($"directory {Fork.Owner} lists more data blocks than it can have.");
        }

        for (var i = 0; i < bests.Count; i++)
        {
            index.SetBest(i, bests[i]);
        }

        _leaf.Write(hashes, bests: null);
    }

    public override bool TryShrink()
    {
        if (_leaf.Bests.Count != 1)
        {
            return false;
        }

        var data = ReadData(0);
        var entries = data.ReadAll().Select(e => e.Entry).Where(e => !e.IsDotOrDotDot).ToList();
        if (!XfsDirectoryData.FitSingle(Layout, entries))
        {
            return false;
        }

        var parent = Lookup(".."u8)?.Inode ?? throw Vanished();
        XfsDirectoryData.WriteSingle(Fork, Layout, data.Buffer, parent, entries);
        Fork.Free(Layout.LeafStart, Layout.BlockCount);
        Fork.Size = Layout.BlockSize;
        return true;
    }

    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        _leaf.Hashes.Find(hash, addresses);
        return addresses;
    }
}
