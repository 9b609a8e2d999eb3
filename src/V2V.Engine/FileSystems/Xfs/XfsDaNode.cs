using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>An inner node of a hash tree: for each child its block and the largest hash in it (xfs_da_intnode).</summary>
internal sealed class XfsDaNode : XfsDaBlock
{
    /// <summary>The kernel's XFS_DA_NODE_MAXDEPTH: levels of a tree, the leaves included.</summary>
    public const int MaxDepth = 5;

    private const int EntrySize = 8;

    private const int Version4HeaderSize = 4;

    private const int Version5HeaderSize = 8;

    /// <exception cref="GuestFileSystemException">It is no node, or its entries are not in order.</exception>
    public XfsDaNode(XfsFork fork, uint block, XfsBuffer buffer)
        : base(fork, block, buffer)
    {
        if (Kind != XfsDaBlockKind.Node || Level is 0 or > MaxDepth || Count == 0 || Count > Capacity)
        {
            throw Corrupt("is not a node, or has an impossible level or count");
        }

        for (var i = 1; i < Count; i++)
        {
            if (Hash(i) < Hash(i - 1))
            {
                throw Corrupt("is not sorted");
            }
        }
    }

    private XfsDaNode(XfsFork fork, uint block, XfsBuffer buffer, int level)
        : base(fork, block, buffer) => Level = level;

    public int Count
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize));
        private set => BinaryPrimitives.WriteUInt16BigEndian(Modify(InfoSize), (ushort)value);
    }

    /// <summary>Height above the leaves, which have 0.</summary>
    public int Level
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(InfoSize + sizeof(ushort)));
        private init => BinaryPrimitives.WriteUInt16BigEndian(Modify(InfoSize + sizeof(ushort)), (ushort)value);
    }

    public int Capacity => (Data.Length - EntriesStart) / EntrySize;

    public uint LastHash => Hash(Count - 1);

    private int EntriesStart => InfoSize + (Fork.Geometry.IsV5 ? Version5HeaderSize : Version4HeaderSize);

    /// <summary>Makes a new block a node without entries, which the caller adds.</summary>
    public static XfsDaNode Initialise(XfsFork fork, uint block, XfsBuffer buffer, int level)
    {
        Initialise(fork, buffer, XfsDaBlockKind.Node);
        return new XfsDaNode(fork, block, buffer, level);
    }

    public uint Hash(int index) => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(At(index)));

    public uint Child(int index) => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(At(index) + sizeof(uint)));

    /// <summary>The first child that may hold a hash; the last one for a hash behind all of them.</summary>
    public int Find(uint hash)
    {
        var (low, high) = (0, Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Hash(middle) < hash ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    public void SetHash(int index, uint hash) => BinaryPrimitives.WriteUInt32BigEndian(Modify(At(index)), hash);

    public void Insert(int index, uint hash, uint child)
    {
        Buffer.MarkDirty();
        Entries(index, Count - index).CopyTo(Data.AsSpan(At(index + 1)));
        BinaryPrimitives.WriteUInt32BigEndian(Data.AsSpan(At(index)), hash);
        BinaryPrimitives.WriteUInt32BigEndian(Data.AsSpan(At(index) + sizeof(uint)), child);
        Count++;
    }

    public void RemoveAt(int index)
    {
        Buffer.MarkDirty();
        Entries(index + 1, Count - index - 1).CopyTo(Data.AsSpan(At(index)));
        Count--;
        Entries(Count, 1).Clear();
    }

    /// <summary>Moves the entries from <paramref name="first"/> on behind those of another node.</summary>
    public void MoveTo(XfsDaNode other, int first)
    {
        Buffer.MarkDirty();
        other.Buffer.MarkDirty();
        var moved = Entries(first, Count - first);
        moved.CopyTo(other.Data.AsSpan(other.At(other.Count)));
        other.Count += Count - first;
        moved.Clear();
        Count = first;
    }

    private int At(int index) => EntriesStart + (index * EntrySize);

    private Span<byte> Entries(int index, int count) => Data.AsSpan(At(index), count * EntrySize);
}
