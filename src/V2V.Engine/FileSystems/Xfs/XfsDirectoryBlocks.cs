namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What the forms of a directory with blocks have in common: entries in data blocks, found by the hashes of their names.</summary>
internal abstract class XfsDirectoryBlocks(XfsFork fork, XfsDirectoryLayout layout) : XfsDirectoryForm(fork, layout)
{
    public override XfsDirectoryEntry? Lookup(ReadOnlySpan<byte> name) => Locate(name)?.Entry;

    public override IEnumerable<XfsDirectoryEntry> Enumerate()
    {
        foreach (var number in DataBlocks())
        {
            foreach (var (_, entry) in ReadData(number).ReadAll())
            {
                if (!entry.IsDotOrDotDot)
                {
                    yield return entry;
                }
            }
        }
    }

    public override bool TryReplace(XfsDirectoryEntry entry)
    {
        var (number, offset) = Layout.Locate(LocateExisting(entry.Name));
        ReadData(number).Replace(offset, entry.Inode, entry.FileType);
        return true;
    }

    /// <summary>The addresses of entries whose names may have a hash.</summary>
    protected abstract List<uint> FindAddresses(uint hash);

    protected (uint Address, XfsDirectoryEntry Entry)? Locate(ReadOnlySpan<byte> name)
    {
        foreach (var address in FindAddresses(XfsDaHash.Compute(name)))
        {
            var (number, offset) = Layout.Locate(address);
            var entry = ReadData(number).Read(offset);
            if (name.SequenceEqual(entry.Name))
            {
                return (address, entry);
            }
        }

        return null;
    }

    /// <summary>The address of a name that is there.</summary>
    protected uint LocateExisting(ReadOnlySpan<byte> name) => Locate(name)?.Address ?? throw Vanished();

    protected void RemoveHash(List<XfsDirectoryHash> hashes, uint address)
    {
        if (hashes.RemoveAll(h => h.Address == address) != 1)
        {
            throw XfsErrors.Corrupt($"a name of directory {Fork.Owner} has two hashes.");
        }
    }

    /// <summary>Numbers of the data blocks that there are.</summary>
    protected IEnumerable<uint> DataBlocks()
    {
        var next = 0L;
        foreach (var (block, count) in Fork.Mapped(0))
        {
            var end = Math.Min((long)block + count, Layout.LeafStart);
            for (var number = Math.Max(next, block / Layout.BlockCount); number * Layout.BlockCount < end; number++)
            {
                next = number + 1;
                yield return (uint)number;
            }

            if (end == Layout.LeafStart)
            {
                yield break;
            }
        }
    }

    protected XfsDirectoryData ReadData(uint number)
    {
        var block = (ulong)number * (uint)Layout.BlockCount;
        var buffer = block < Layout.LeafStart ? Fork.Read((uint)block, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset) : null;
        return buffer is not null
            ? new XfsDirectoryData(Fork, Layout, number, buffer)
            : throw XfsErrors.Corrupt($"directory {Fork.Owner} has no data block {number}, but refers to it.");
    }

    /// <summary>A new data block where there was none.</summary>
    protected XfsDirectoryData AddData(uint number)
    {
        var block = (ulong)number * (uint)Layout.BlockCount;
        if (block >= Layout.LeafStart)
        {
            throw XfsErrors.Full($"Directory {Fork.Owner} cannot grow any more.");
        }

        if (Fork.Read((uint)block, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset) is not null)
        {
            throw XfsErrors.Corrupt($"directory {Fork.Owner} has a data block {number} that it does not refer to.");
        }

        var data = XfsDirectoryData.Initialise(
            Fork, Layout, number, Fork.Allocate((uint)block, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset));
        Fork.Size = Math.Max(Fork.Size, (number + 1L) * Layout.BlockSize);
        return data;
    }

    /// <summary>Puts an entry into a block that is said to have room for it; returns its address.</summary>
    protected uint Add(XfsDirectoryData data, XfsDirectoryEntry entry)
    {
        var offset = data.FindRoom(Layout.EntrySize(entry.Name.Length))
            ?? throw XfsErrors.Corrupt($"directory {Fork.Owner} is wrong about the free space of its data block {data.Number}.");
        data.Add(offset, entry);
        return Layout.Address(data.Number, offset);
    }

    /// <summary>Frees a data block when its last entry is gone. The first one stays, with "." and "..".</summary>
    protected bool FreeUnused(XfsDirectoryData data)
    {
        if (data.Number == 0 || !data.IsUnused)
        {
            return false;
        }

        Fork.Free(data.Number * (uint)Layout.BlockCount, Layout.BlockCount);
        Fork.Size = (DataBlocks().Last() + 1L) * Layout.BlockSize;
        return true;
    }
}
