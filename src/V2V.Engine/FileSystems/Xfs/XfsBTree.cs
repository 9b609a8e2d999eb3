namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A B-tree, and a place in it. All eight kinds of XFS work alike: records in leaves, keys and pointers above, neighbours of one level linked
/// (fs/xfs/libxfs/xfs_btree.c). Changing the tree ends the place; seek again.
/// </summary>
internal sealed class XfsBTree
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
        var top = _home.Levels - 1;
        FindOverlapping(_path[top], low, high, found);
        return found;
    }

    /// <summary>Adds a record whose key is not there yet.</summary>
    public void Insert(ReadOnlySpan<byte> record)
    {
        Span<byte> key = stackalloc byte[_shape.KeySize];
        _shape.KeyOf(record, key);
        if (SeekExactly(key))
        {
            throw _home.Corrupt("holds already what is to be added to it.");
        }

        _index[0]++;
        InsertAt(0, record, 0);
    }

    /// <summary>Puts another record in the place of the present one; its key must lie between those of the neighbours.</summary>
    public void Update(ReadOnlySpan<byte> record)
    {
        _path[0].SetItem(_index[0], record);
        RefreshKeys(0);
    }

    /// <summary>Moves the entries of a root inside an inode to a block of their own, so that the root needs the least room.</summary>
    public void LowerRoot()
    {
        Start();
        PushInodeRootDown(_path.Count - 1);
    }

    /// <summary>Takes the present record out.</summary>
    public void Delete() => DeleteAt(0);

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

    private void FindOverlapping(XfsBTreeNode node, byte[] low, byte[] high, List<byte[]> found)
    {
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
                if (found.Count > MaxOverlapping)
                {
                    throw _home.Corrupt("holds too many records for the same blocks.");
                }
            }
            else
            {
                FindOverlapping(_home.Read(node.Child(i), node.Level - 1), low, high, found);
            }
        }
    }

    /// <summary>A block is shared by far fewer files than this.</summary>
    private const int MaxOverlapping = 1 << 20;

    private void InsertAt(int level, ReadOnlySpan<byte> item, ulong child)
    {
        if (_path[level].Count == _path[level].Capacity && _path[level].Pointer is null)
        {
            PushInodeRootDown(level);
        }

        var node = _path[level];
        if (node.Count < node.Capacity)
        {
            node.Insert(_index[level], item, child);
            RefreshKeys(level);
            return;
        }

        var right = Split(level, item, child);
        if (level == _path.Count - 1)
        {
            GrowRoot(node, right);
            return;
        }

        RefreshKeys(level);
        _index[level + 1]++;
        InsertAt(level + 1, EntryOf(right), right.Pointer!.Value);
    }

    /// <summary>Moves the upper half to a new block on the right, and adds an item to the half that it belongs to.</summary>
    private XfsBTreeNode Split(int level, ReadOnlySpan<byte> item, ulong child)
    {
        var node = _path[level];
        var right = _home.Create(node.Level);
        var at = _index[level];

        // Of all items, the new one included, the left half gets the odd one.
        var keep = (node.Capacity + 2) / 2;
        if (at < keep)
        {
            node.MoveToRight(right, node.Count - keep + 1);
            node.Insert(at, item, child);
        }
        else
        {
            node.MoveToRight(right, node.Count - keep);
            right.Insert(at - keep, item, child);
        }

        right.Left = node.Pointer!.Value;
        right.Right = node.Right;
        if (node.Right != node.NullPointer)
        {
            _home.Read(node.Right, node.Level).Left = right.Pointer!.Value;
        }

        node.Right = right.Pointer!.Value;
        return right;
    }

    private void GrowRoot(XfsBTreeNode left, XfsBTreeNode right)
    {
        if (_home.Levels >= XfsAgf.MaxLevels)
        {
            throw _home.Corrupt("has too many levels.");
        }

        var root = _home.Create(left.Level + 1);
        root.Insert(0, EntryOf(left), left.Pointer!.Value);
        root.Insert(1, EntryOf(right), right.Pointer!.Value);
        _home.SetRoot(root.Pointer!.Value, root.Level + 1);
    }

    /// <summary>A full root inside an inode hands its entries to a block, and keeps that block alone.</summary>
    private void PushInodeRootDown(int level)
    {
        var root = _path[level];
        if (_home.Levels >= XfsAgf.MaxLevels)
        {
            throw _home.Corrupt("has too many levels.");
        }

        var block = _home.Create(root.Level);
        root.MoveToRight(block, root.Count);
        root.Initialise(root.Level + 1);
        root.Insert(0, EntryOf(block), block.Pointer!.Value);
        _path[level] = block;
        _path.Add(root);
        _index.Add(0);
    }

    private void DeleteAt(int level)
    {
        var node = _path[level];
        node.Remove(_index[level]);
        if (level == _path.Count - 1)
        {
            ShrinkRoot();
            return;
        }

        if (node.Count > 0)
        {
            RefreshKeys(level);
        }

        var parent = _path[level + 1];
        if (parent.Count == 1)
        {
            // Below a root inside an inode a block may stand alone, until the root has room for what is in it.
            ShrinkRoot();
            return;
        }

        if (node.Count >= node.Minimum)
        {
            return;
        }

        var leftAt = _index[level + 1] > 0 ? _index[level + 1] - 1 : _index[level + 1];
        var left = leftAt == _index[level + 1] ? node : _home.Read(parent.Child(leftAt), node.Level);
        var right = leftAt == _index[level + 1] ? _home.Read(parent.Child(leftAt + 1), node.Level) : node;
        if (left.Count + right.Count <= node.Capacity)
        {
            right.MoveToLeft(left, right.Count);
            left.Right = right.Right;
            if (right.Right != right.NullPointer)
            {
                _home.Read(right.Right, right.Level).Left = left.Pointer!.Value;
            }

            _home.Free(right);
            parent.SetItem(leftAt, EntryOf(left));
            _index[level + 1] = leftAt + 1;
            DeleteAt(level + 1);
            return;
        }

        var shift = (left.Count - right.Count) / 2;
        if (shift > 0)
        {
            left.MoveToRight(right, shift);
        }
        else
        {
            right.MoveToLeft(left, -shift);
        }

        parent.SetItem(leftAt, EntryOf(left));
        parent.SetItem(leftAt + 1, EntryOf(right));
        RefreshKeys(level + 1);
    }

    /// <summary>A root above a single block gives way to it.</summary>
    private void ShrinkRoot()
    {
        while (_home.Levels > 1)
        {
            var root = _home.ReadRoot();
            if (root.Count != 1)
            {
                return;
            }

            var child = _home.Read(root.Child(0), root.Level - 1);
            if (root.Pointer is not null)
            {
                _home.SetRoot(child.Pointer!.Value, root.Level);
                _home.Free(root);
            }
            else
            {
                var level = child.Level;
                if (level == 0 || child.Count > root.Capacity)
                {
                    return;
                }

                root.Initialise(level);
                child.MoveToLeft(root, child.Count);
                _home.Free(child);
            }
        }
    }

    /// <summary>Brings the keys above a node to what it holds now.</summary>
    private void RefreshKeys(int level)
    {
        for (; level < _path.Count - 1; level++)
        {
            var entry = EntryOf(_path[level]);
            if (_path[level + 1].Item(_index[level + 1]).SequenceEqual(entry))
            {
                return;
            }

            _path[level + 1].SetItem(_index[level + 1], entry);
        }
    }

    /// <summary>The keys that stand for a node in the one above: its lowest and, where records overlap, its highest.</summary>
    private byte[] EntryOf(XfsBTreeNode node)
    {
        var entry = new byte[_shape.EntrySize];
        ReadLowKey(node, 0, entry.AsSpan(0, _shape.KeySize));
        if (_shape.IsOverlapping)
        {
            var highest = entry.AsSpan(_shape.KeySize);
            Span<byte> key = stackalloc byte[_shape.KeySize];
            ReadHighKey(node, 0, highest);
            for (var i = 1; i < node.Count; i++)
            {
                ReadHighKey(node, i, key);
                if (_shape.Compare(key, highest) > 0)
                {
                    key.CopyTo(highest);
                }
            }
        }

        return entry;
    }

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
