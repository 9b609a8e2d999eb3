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

    public XfsDirectoryHashes Hashes => new(Data.AsSpan(Start, Count * XfsDirectoryHashes.EntrySize), StaleCount, Fork, Buffer.Address);

    private int Start => InfoSize + (Fork.Geometry.IsV5 ? Version5HeaderSize : Version4HeaderSize);

    private int Count => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize));

    private ushort StaleCount => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize + sizeof(ushort)));

    private uint BestCount => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(Data.Length - TailSize));
}
