namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A node of a B-tree: a block, or the root that a fork holds inside its inode. Level 0 holds records; a higher one holds entries (keys) and,
/// behind the room for all of them, pointers (XFS Algorithms &amp; Data Structures, "Variable Length Record B+trees").
/// </summary>
internal sealed class XfsBTreeNode
{
    private const int LevelOffset = 4;

    private const int CountOffset = 6;

    private const int LeftOffset = 8;

    private readonly XfsBTreeShape _shape;
    private readonly Memory<byte> _data;
    private readonly int _headerSize;
    private readonly int _levelOffset;
    private readonly Action _markDirty;

    /// <summary>A node that fills a block.</summary>
    public XfsBTreeNode(XfsBTreeShape shape, XfsBuffer buffer, ulong pointer, bool isV5)
        : this(shape, buffer.Data, shape.HeaderSize(isV5), LevelOffset, buffer.MarkDirty) => Pointer = pointer;

    /// <summary>The root that stands in an inode: its header is the level and the count alone.</summary>
    public XfsBTreeNode(XfsBTreeShape shape, Memory<byte> data, Action markDirty)
        : this(shape, data, InodeRootHeaderSize, 0, markDirty)
    {
    }

    private XfsBTreeNode(XfsBTreeShape shape, Memory<byte> data, int headerSize, int levelOffset, Action markDirty)
    {
        _shape = shape;
        _data = data;
        _headerSize = headerSize;
        _levelOffset = levelOffset;
        _markDirty = markDirty;
    }

    public const int InodeRootHeaderSize = 4;

    /// <summary>Number of its block; null for a root inside an inode.</summary>
    public ulong? Pointer { get; }

    public int Level => Data.U16(_levelOffset);

    public bool IsLeaf => Level == 0;

    public int Count
    {
        get => Data.U16(_levelOffset + CountOffset - LevelOffset);
        private set
        {
            _data.Span.Put16(_levelOffset + CountOffset - LevelOffset, (ushort)value);
            _markDirty();
        }
    }

    /// <summary>The most records or entries that fit in.</summary>
    public int Capacity => (_data.Length - _headerSize) / (IsLeaf ? _shape.RecordSize : _shape.EntrySize + _shape.PointerSize);

    /// <summary>Fewer only a root may hold.</summary>
    public int Minimum => Capacity / 2;

    public ulong Left
    {
        get => ReadPointer(LeftOffset);
        set => WritePointer(LeftOffset, value);
    }

    public ulong Right
    {
        get => ReadPointer(LeftOffset + _shape.PointerSize);
        set => WritePointer(LeftOffset + _shape.PointerSize, value);
    }

    /// <summary>No block.</summary>
    public ulong NullPointer => _shape.HasLongPointers ? ulong.MaxValue : uint.MaxValue;

    private ReadOnlySpan<byte> Data => _data.Span;

    private int ItemSize => IsLeaf ? _shape.RecordSize : _shape.EntrySize;

    /// <summary>A record of a leaf, or the keys of a node's entry.</summary>
    public ReadOnlySpan<byte> Item(int index) => Data.Slice(_headerSize + index * ItemSize, ItemSize);

    /// <summary>The block that a node's entry leads to.</summary>
    public ulong Child(int index) => ReadPointer(PointerOffset(index));

    public void SetItem(int index, ReadOnlySpan<byte> item)
    {
        item.CopyTo(_data.Span.Slice(_headerSize + index * ItemSize, ItemSize));
        _markDirty();
    }

    public void SetChild(int index, ulong pointer) => WritePointer(PointerOffset(index), pointer);

    /// <summary>Makes room before <paramref name="index"/> and puts a record, or an entry with its pointer, there.</summary>
    public void Insert(int index, ReadOnlySpan<byte> item, ulong child)
    {
        var count = Count;
        Move(index, this, index + 1, count - index);
        Count = count + 1;
        SetItem(index, item);
        if (!IsLeaf)
        {
            SetChild(index, child);
        }
    }

    public void Remove(int index)
    {
        var count = Count;
        Move(index + 1, this, index, count - index - 1);
        Count = count - 1;
    }

    /// <summary>Moves the last items to the front of the right neighbour.</summary>
    public void MoveToRight(XfsBTreeNode right, int count)
    {
        right.Move(0, right, count, right.Count);
        Move(Count - count, right, 0, count);
        right.Count += count;
        Count -= count;
    }

    /// <summary>Moves the first items to the end of the left neighbour.</summary>
    public void MoveToLeft(XfsBTreeNode left, int count)
    {
        Move(0, left, left.Count, count);
        left.Count += count;
        Move(count, this, 0, Count - count);
        Count -= count;
    }

    /// <summary>Sets the level of a node that is empty.</summary>
    public void Initialise(int level)
    {
        _data.Span.Put16(_levelOffset, (ushort)level);
        Count = 0;
    }

    /// <summary>Copies items within a node or to another of its level; counts stay.</summary>
    private void Move(int from, XfsBTreeNode target, int to, int count)
    {
        if (count <= 0)
        {
            return;
        }

        var size = ItemSize;
        Data.Slice(_headerSize + from * size, count * size).CopyTo(target._data.Span[(target._headerSize + to * size)..]);
        if (!IsLeaf)
        {
            Data.Slice(PointerOffset(from), count * _shape.PointerSize).CopyTo(target._data.Span[target.PointerOffset(to)..]);
        }

        target._markDirty();
    }

    private int PointerOffset(int index) => _headerSize + Capacity * _shape.EntrySize + index * _shape.PointerSize;

    private ulong ReadPointer(int offset) => _shape.HasLongPointers ? Data.U64(offset) : Data.U32(offset);

    private void WritePointer(int offset, ulong pointer)
    {
        if (_shape.HasLongPointers)
        {
            _data.Span.Put64(offset, pointer);
        }
        else
        {
            _data.Span.Put32(offset, (uint)pointer);
        }

        _markDirty();
    }
}
