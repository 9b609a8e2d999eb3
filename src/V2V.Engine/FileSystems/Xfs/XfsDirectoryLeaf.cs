using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A leaf of hashes (xfs_dir2_leaf_hdr). The only leaf of a directory also ends in the longest free record of each data block, which a
/// directory with several leaves keeps in its free index.
/// </summary>
internal sealed class XfsDirectoryLeaf : XfsDaBlock
{
    private const int Version4HeaderSize = 4;

    private const int Version5HeaderSize = 8;

    /// <summary>Number of free records at the end of a single leaf (xfs_dir2_leaf_tail).</summary>
    private const int TailSize = sizeof(uint);

    /// <exception cref="GuestFileSystemException">It is not a leaf of that kind, or its counts are impossible.</exception>
    public XfsDirectoryLeaf(XfsFork fork, uint block, XfsBuffer buffer, XfsDaBlockKind kind)
        : base(fork, block, buffer)
    {
        if (Kind != kind)
        {
            throw Corrupt("is not the leaf that is expected there");
        }

        var room = Data.Length - Start;
        if (kind == XfsDaBlockKind.DirectorySingleLeaf)
        {
            room -= TailSize;
            room = BestCount <= (uint)room / sizeof(ushort) ? room - ((int)BestCount * sizeof(ushort)) : -1;
        }

        if (Count * XfsDirectoryHashes.EntrySize > room)
        {
            throw Corrupt("has more hashes than fit");
        }
    }

    /// <summary>The most hashes that a leaf under nodes holds.</summary>
    public int Capacity => (Data.Length - Start) / XfsDirectoryHashes.EntrySize;

    /// <summary>The longest free record of each data block, at the end of a single leaf; <see cref="XfsDirectoryFreeIndex.NoBlock"/> where there is no block.</summary>
    public List<ushort> Bests
    {
        get
        {
            var bests = new List<ushort>((int)BestCount + 1);
            for (var at = BestsStart((int)BestCount); at < Data.Length - TailSize; at += sizeof(ushort))
            {
                bests.Add(BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(at)));
            }

            return bests;
        }
    }

    public XfsDirectoryHashes Hashes => new(Data.AsSpan(Start, Count * XfsDirectoryHashes.EntrySize), StaleCount, Fork, Buffer.Address);

    public static XfsDirectoryLeaf Initialise(XfsFork fork, uint block, XfsBuffer buffer, XfsDaBlockKind kind)
    {
        Initialise(fork, buffer, kind);
        return new XfsDirectoryLeaf(fork, block, buffer, kind);
    }

    /// <summary>Whether hashes and free records fit into a single leaf.</summary>
    public bool FitSingle(int hashCount, int bestCount) => Start + (hashCount * XfsDirectoryHashes.EntrySize) <= BestsStart(bestCount);

    /// <summary>Replaces the contents. With free records this becomes a single leaf, without them one under nodes.</summary>
    public void Write(List<XfsDirectoryHash> hashes, List<ushort>? bests)
    {
        ChangeKind(bests is null ? XfsDaBlockKind.DirectoryLeaf : XfsDaBlockKind.DirectorySingleLeaf);
        var raw = Modify(Start);
        raw.Clear();
        XfsDirectoryHashes.Write(hashes, raw);
        BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(InfoSize), (ushort)hashes.Count);
        BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(InfoSize + sizeof(ushort)), 0);
        if (bests is not null)
        {
            BinaryPrimitives.WriteUInt32BigEndian(Data.AsSpan(Data.Length - TailSize), (uint)bests.Count);
            var at = BestsStart(bests.Count);
            foreach (var best in bests)
            {
                BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(at), best);
                at += sizeof(ushort);
            }
        }
    }

    private int Start => InfoSize + (Fork.Geometry.IsV5 ? Version5HeaderSize : Version4HeaderSize);

    private int Count => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize));

    private ushort StaleCount => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize + sizeof(ushort)));

    private uint BestCount => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(Data.Length - TailSize));

    private int BestsStart(int count) => Data.Length - TailSize - (count * sizeof(ushort));
}
