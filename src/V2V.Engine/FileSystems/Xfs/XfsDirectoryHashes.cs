using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A hash and the address of the entry whose name has it.</summary>
internal readonly record struct XfsDirectoryHash(uint Hash, uint Address);

/// <summary>
/// The sorted hashes of a leaf, or at the end of a block that is a whole directory. Removing leaves a stale one without an address; this
/// engine leaves none.
/// </summary>
internal readonly ref struct XfsDirectoryHashes
{
    public const int EntrySize = 8;

    /// <summary>Address of a stale hash: the first entry never stands at the block's very beginning.</summary>
    public const uint Stale = 0;

    private readonly Span<byte> _data;

    /// <exception cref="GuestFileSystemException">The hashes are not sorted, or not as many of them are stale as the header says.</exception>
    public XfsDirectoryHashes(Span<byte> data, uint stale, XfsFork fork, long address)
    {
        _data = data;
        var found = 0u;
        for (var i = 0; i < Count; i++)
        {
            found += Address(i) == Stale ? 1u : 0;
            if ((i > 0 && Hash(i) < Hash(i - 1)) || (i == Count - 1 && found != stale))
            {
                throw XfsErrors.Corrupt($"the hashes of directory {fork.Owner} are not in order.", address);
            }
        }
    }

    public int Count => _data.Length / EntrySize;

    public uint Hash(int index) => BinaryPrimitives.ReadUInt32BigEndian(_data[(index * EntrySize)..]);

    public uint Address(int index) => BinaryPrimitives.ReadUInt32BigEndian(_data[((index * EntrySize) + sizeof(uint))..]);

    /// <summary>Adds the addresses of the entries with this hash; false when the next leaf may hold more of them.</summary>
    public bool Find(uint hash, List<uint> addresses)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Hash(middle) < hash ? (middle + 1, high) : (low, middle);
        }

        for (; low < Count && Hash(low) == hash; low++)
        {
            if (Address(low) != Stale)
            {
                addresses.Add(Address(low));
            }
        }

        return low < Count;
    }

    /// <summary>The hashes that are not stale.</summary>
    public List<XfsDirectoryHash> Live()
    {
        var live = new List<XfsDirectoryHash>(Count + 1);
        for (var i = 0; i < Count; i++)
        {
            if (Address(i) != Stale)
            {
                live.Add(new XfsDirectoryHash(Hash(i), Address(i)));
            }
        }

        return live;
    }

    /// <summary>Puts a hash where it belongs.</summary>
    public static void Insert(List<XfsDirectoryHash> hashes, XfsDirectoryHash added)
    {
        var at = hashes.FindLastIndex(h => h.Hash <= added.Hash) + 1;
        hashes.Insert(at, added);
    }

    public static void Write(List<XfsDirectoryHash> hashes, Span<byte> data)
    {
        foreach (var (hash, address) in hashes)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data, hash);
            BinaryPrimitives.WriteUInt32BigEndian(data[sizeof(uint)..], address);
            data = data[EntrySize..];
        }
    }
}
