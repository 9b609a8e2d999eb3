namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A B-tree, and a place in it. All eight kinds of XFS work alike: records in leaves, keys and pointers above, neighbours of one level linked
/// (fs/xfs/libxfs/xfs_btree.c). Changing the tree ends the place; seek again.
/// </summary>
internal sealed partial class XfsBTree
{
    private readonly XfsBTreeHome _home;
    private readonly XfsBTreeShape _shape;
    private readonly List<XfsBTreeNode> _path = [];
    private readonly List<int> _index = [];

    public XfsBTree(XfsBTreeHome home)
    {
        _home = home;
        _shape = home.Shape;
    }

    /// <summary>The record at the present place.</summary>
    public ReadOnlySpan<byte> Current => _path[0].Item(_index[0]);

    /// <summary>Goes to the last record whose key is not above <paramref name="key"/>; false when there is none.</summary>
    public bool SeekAtOrBefore(ReadOnlySpan<byte> key)
    {
        Descend(key);
        return _index[0] >= 0;
    }

    /// <summary>Goes to the first record whose key is not below <paramref name="key"/>; false when there is none.</summary>
    public bool SeekAtOrAfter(ReadOnlySpan<byte> key)
    {
        Descend(key);
        if (_index[0] >= 0 && CompareWithCurrent(key) == 0)
        {
            return true;
        }

        return MoveNext();
    }

    /// <summary>Goes to the record with this very key; false when there is none.</summary>
    public bool SeekExactly(ReadOnlySpan<byte> key)
    {
        Descend(key);
        return _index[0] >= 0 && CompareWithCurrent(key) == 0;
    }

    public bool SeekFirst()
    {
        Descend([]);
        return MoveNext();
    }

    public bool SeekLast()
    {
        Start();
        for (var level = _home.Levels - 1; ; level--)
        {
            _index[level] = _path[level].Count - 1;
            if (level == 0)
            {
                return _index[0] >= 0;
            }

            _path[level - 1] = ReadChild(level);
        }
    }

    /// <summary>Goes to the next record; false at the end, after which the place is undefined.</summary>
    /// <exception cref="GuestFileSystemException">Records are out of order, which also ends a walk through a tree that leads in circles.</exception>
    public bool MoveNext()
    {
        Span<byte> before = stackalloc byte[_shape.KeySize];
        var hasBefore = _index[0] >= 0;
        if (hasBefore)
        {
            _shape.KeyOf(Current, before);
        }

        return Step(forward: true) && (!hasBefore || CompareWithCurrent(before) < 0 ? true : throw OutOfOrder());
    }

    /// <summary>Goes to the record before; false at the beginning.</summary>
    public bool MovePrevious()
    {
        Span<byte> after = stackalloc byte[_shape.KeySize];
        _shape.KeyOf(Current, after);
        return Step(forward: false) && (CompareWithCurrent(after) > 0 ? true : throw OutOfOrder());
    }

    /// <summary>The records whose range of keys meets that from <paramref name="low"/> to <paramref name="high"/>, in order; for overlapping records.</summary>
    public List<byte[]> FindOverlapping(byte[] low, byte[] high)
    {
        var found = new List<byte[]>();
        Start();
        var visited = 0;
        FindOverlapping(_path[_home.Levels - 1], low, high, found, ref visited);
        return found;
    }

    private void Start()
    {
        var levels = _home.Levels;
        _path.Clear();
        _index.Clear();
        for (var i = 0; i < levels; i++)
        {
            _path.Add(null!);
            _index.Add(0);
        }

        _path[levels - 1] = _home.ReadRoot();
    }

    /// <summary>Goes to the last record not above the key, or before the first one; an empty key is below all.</summary>
    private void Descend(ReadOnlySpan<byte> key)
    {
        Start();
        for (var level = _home.Levels - 1; level > 0; level--)
        {
            _index[level] = Math.Max(0, LastNotAbove(_path[level], key));
            _path[level - 1] = ReadChild(level);
        }

        _index[0] = LastNotAbove(_path[0], key);
    }

    private int LastNotAbove(XfsBTreeNode node, ReadOnlySpan<byte> key)
    {
        if (key.IsEmpty)
        {
            return -1;
        }

        Span<byte> own = stackalloc byte[_shape.KeySize];
        var (low, high) = (0, node.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            ReadLowKey(node, middle, own);
            if (_shape.Compare(own, key) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    private bool Step(bool forward)
    {
        var by = forward ? 1 : -1;
        var level = 0;
        while (_index[level] + by < 0 || _index[level] + by >= _path[level].Count)
        {
            if (++level == _path.Count)
            {
                return false;
            }
        }

        _index[level] += by;
        for (; level > 0; level--)
        {
            _path[level - 1] = ReadChild(level);
            _index[level - 1] = forward ? 0 : _path[level - 1].Count - 1;
        }

        return true;
    }

    private void FindOverlapping(XfsBTreeNode node, byte[] low, byte[] high, List<byte[]> found, ref int visited)
    {
        if (++visited > MaxVisited)
        {
            throw _home.Corrupt("leads in circles.");
        }

        Span<byte> key = stackalloc byte[_shape.KeySize];
        for (var i = 0; i < node.Count; i++)
        {
            ReadLowKey(node, i, key);
            if (_shape.Compare(key, high) > 0)
            {
                return;
            }

            ReadHighKey(node, i, key);
            if (_shape.Compare(key, low) < 0)
            {
                continue;
            }

            if (node.IsLeaf)
            {
                found.Add(node.Item(i).ToArray());
            }
            else
            {
                FindOverlapping(_home.Read(node.Child(i), node.Level - 1), low, high, found, ref visited);
            }
        }
    }

    /// <summary>Nodes to which all records of a block lead; no block is shared by millions of files.</summary>
    private const int MaxVisited = 1 << 16;

    private void ReadLowKey(XfsBTreeNode node, int index, Span<byte> key)
    {
        if (node.IsLeaf)
        {
            _shape.KeyOf(node.Item(index), key);
        }
        else
        {
            node.Item(index)[.._shape.KeySize].CopyTo(key);
        }
    }

    private void ReadHighKey(XfsBTreeNode node, int index, Span<byte> key)
    {
        if (node.IsLeaf)
        {
            _shape.HighKeyOf(node.Item(index), key);
        }
        else
        {
            node.Item(index)[_shape.KeySize..].CopyTo(key);
        }
    }

    private XfsBTreeNode ReadChild(int level) => _home.Read(_path[level].Child(_index[level]), level - 1);

    private int CompareWithCurrent(ReadOnlySpan<byte> key)
    {
        Span<byte> own = stackalloc byte[_shape.KeySize];
        _shape.KeyOf(Current, own);
        return _shape.Compare(key, own);
    }

    private GuestFileSystemException OutOfOrder() => _home.Corrupt("has records out of order.");
}
