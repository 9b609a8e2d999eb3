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
}
