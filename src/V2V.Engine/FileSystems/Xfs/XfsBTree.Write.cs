namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Changing the tree. A full node is split in halves, one that is less than half full takes from a neighbour or joins it.</summary>
internal sealed partial class XfsBTree
{
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
}
