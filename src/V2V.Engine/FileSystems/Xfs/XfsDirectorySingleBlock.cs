namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A directory of one block, which holds the entries and the hashes of their names.</summary>
internal sealed class XfsDirectorySingleBlock(XfsFork fork, XfsDirectoryLayout layout) : XfsDirectoryBlocks(fork, layout)
{
    public override bool TryAdd(XfsDirectoryEntry entry)
    {
        var data = ReadData(0);
        if (data.FindRoom(Layout.EntrySize(entry.Name.Length), reserved: XfsDirectoryHashes.EntrySize) is not { } offset)
        {
            return false;
        }

        var hashes = data.Hashes.Live();
        XfsDirectoryHashes.Insert(hashes, new XfsDirectoryHash(XfsDaHash.Compute(entry.Name), Layout.Address(0, offset)));

        // The room for the hash is taken first, since the entry may fill the rest.
        data.SetHashes(hashes);
        data.Add(offset, entry);
        return true;
    }

    public override void Remove(ReadOnlySpan<byte> name)
    {
        var address = LocateExisting(name);
        var data = ReadData(0);
        var hashes = data.Hashes.Live();
        RemoveHash(hashes, address);
        data.Remove(Layout.Locate(address).Offset);
        data.SetHashes(hashes);
    }

    public override void Grow()
    {
        var data = ReadData(0);
        var hashes = data.Hashes.Live();
        data = data.BecomeData();
        var leaf = XfsDirectoryLeaf.Initialise(
            Fork, Layout.LeafStart, Fork.Allocate(Layout.LeafStart, Layout.BlockCount, XfsDaBlock.ChecksumOffset), XfsDaBlockKind.DirectorySingleLeaf);
        leaf.Write(hashes, [data.LongestFree]);
    }

    public override bool TryShrink()
    {
        var entries = Enumerate().ToList();
        var parent = Lookup(".."u8)?.Inode ?? throw Vanished();
        if (XfsDirectoryShortForm.SizeOf(Fork.Geometry, Layout, parent, entries) is not { } size || size > Fork.InlineCapacity)
        {
            return false;
        }

        Fork.Free(0, Layout.BlockCount);
        XfsDirectoryShortForm.Save(Fork, Layout, parent, entries);
        return true;
    }

    protected override List<uint> FindAddresses(uint hash)
    {
        var addresses = new List<uint>();
        ReadData(0).Hashes.Find(hash, addresses);
        return addresses;
    }
}
