namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>The half of the index that changes it. An operation that throws half-way leaves it to the store to take back what it wrote.</summary>
internal sealed partial class NtfsIndex
{
    /// <summary>One node on the way down: where it stands, and the position in it that the way goes through.</summary>
    private sealed class Step(NtfsIndexNode node, long vcn, int position)
    {
        public NtfsIndexNode Node { get; } = node;

        /// <summary><see cref="NtfsIndexNode.NoChild"/> for the root.</summary>
        public long Vcn { get; } = vcn;

        public int Position { get; set; } = position;
    }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="GuestFileSystemException">There is one of this key, so that the index and what it is about differ; or no space is left.</exception>
    public void Insert(NtfsIndexEntry entry)
    {
        if (entry.Length > MaxEntryLength)
        {
            throw NtfsErrors.Unsupported($"An entry of {entry.Length} bytes does not fit into {_store.Description}, which has records of {_recordSize} bytes.");
        }

        var path = Locate(entry.Key, out var isFound);
        if (isFound)
        {
            throw NtfsErrors.Corrupt($"{_store.Description} has an entry already for what is to be added to it.");
        }

        InsertAt(path, path.Count - 1, entry, NtfsIndexNode.NoChild);
    }

    /// <summary>Removes the entry of exactly this key; false when there is none.</summary>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        while (true)
        {
            var path = Locate(key, out var isFound);
            if (!isFound)
            {
                return false;
            }

            var step = path[^1];
            if (step.Node.Children[step.Position] == NtfsIndexNode.NoChild)
            {
                step.Node.Entries.RemoveAt(step.Position);
                step.Node.Children.RemoveAt(step.Position);
                WriteNode(step);
                RemoveIfEmpty(path);
                return true;
            }

            GoDownLeft(path, step.Position + 1);
            var leaf = path[^1];
            if (leaf.Node.IsEmpty && path.Count > 1 && leaf != step)
            {
                // A leaf that another driver left empty: there is no successor in it. Without it the tree has one.
                RemoveIfEmpty(path);
                continue;
            }

            ReplaceBySuccessor(path, step, leaf);
            return true;
        }
    }

    /// <summary>Replaces the key of an entry in place by one of the same length and order; false when there is none.</summary>
    public bool Update(ReadOnlySpan<byte> key)
    {
        var path = Locate(key, out var isFound);
        if (!isFound)
        {
            return false;
        }

        var step = path[^1];
        var old = step.Node.Entries[step.Position];
        if (old.Key.Length != key.Length)
        {
            throw NtfsErrors.Corrupt($"a key in {_store.Description} has {old.Key.Length} bytes, where {key.Length} belong.");
        }

        step.Node.Entries[step.Position] = old.WithKey(key);
        WriteNode(step);
        return true;
    }

    /// <summary>Moves the root's entries to a record of their own, so that the file record gains space; false when there is nothing to gain.</summary>
    public bool PushRootDown()
    {
        var root = new Step(ReadRoot(), NtfsIndexNode.NoChild, 0);
        if (root.Node.Entries.Count == 0)
        {
            return false;
        }

        PushDown([root]);
        return true;
    }

    /// <summary>The way to the key, or to the place in a leaf where it belongs.</summary>
    private List<Step> Locate(ReadOnlySpan<byte> key, out bool isFound)
    {
        var path = new List<Step> { new(ReadRoot(), NtfsIndexNode.NoChild, 0) };
        while (true)
        {
            var step = path[^1];
            step.Position = Search(step.Node, key, out isFound);
            var child = step.Node.Children[step.Position];
            if (isFound || child == NtfsIndexNode.NoChild)
            {
                return path;
            }

            path.Add(new Step(ReadNode(child, path.Count - 1), child, 0));
        }
    }

    /// <summary>Lengthens a path to the first leaf below a position of its last node.</summary>
    private void GoDownLeft(List<Step> path, int position)
    {
        path[^1].Position = position;
        while (path[^1].Node.Children[path[^1].Position] is var child && child != NtfsIndexNode.NoChild)
        {
            path.Add(new Step(ReadNode(child, path.Count - 1), child, 0));
        }
    }

    private void ReplaceBySuccessor(List<Step> path, Step step, Step leaf)
    {
        if (leaf == step)
        {
            throw NtfsErrors.Corrupt($"{_store.Description} has a node below one side of an entry only.");
        }

        // The leaf loses its first entry, which takes the place of the removed one. Then the upper node may be too full, the leaf empty.
        var successor = leaf.Node.Entries[0].ToArray();
        leaf.Node.Entries.RemoveAt(0);
        leaf.Node.Children.RemoveAt(0);
        WriteNode(leaf);
        var isLeafEmpty = leaf.Node.IsEmpty;
        var level = path.IndexOf(step);
        path.RemoveRange(level + 1, path.Count - level - 1);
        step.Position--;
        step.Node.Entries[step.Position] = successor;
        Settle(path, level);
        if (isLeafEmpty)
        {
            var now = Locate(successor.Key, out _);
            GoDownLeft(now, now[^1].Position + 1);
            RemoveIfEmpty(now);
        }
    }

    /// <summary>Adds an entry at a position of a path, with the node behind it.</summary>
    private void InsertAt(List<Step> path, int level, NtfsIndexEntry entry, long child)
    {
        var step = path[level];
        step.Node.Entries.Insert(step.Position, entry);
        step.Node.Children.Insert(step.Position + 1, child);
        Settle(path, level);
    }

    /// <summary>Writes a node that may have become too large; divides it if so.</summary>
    private void Settle(List<Step> path, int level)
    {
        var step = path[level];
        if (Fits(step))
        {
            WriteNode(step);
            return;
        }

        if (level == 0)
        {
            PushDown(path);
            level = 1;
            if (Fits(path[level]))
            {
                return;
            }
        }

        Split(path, level);
    }

    private bool Fits(Step step) => step.Vcn == NtfsIndexNode.NoChild
        ? RootLength(step.Node) <= _store.MaxRootLength
        : step.Node.EntriesLength <= NtfsIndexRecord.Capacity(_recordSize);

    private static int RootLength(NtfsIndexNode node) => NtfsIndexRoot.HeaderSize + NtfsIndexNode.HeaderSize + node.EntriesLength;

    /// <summary>Puts a new node with the root's entries below the root, which the path then leads through. It is written if it fits.</summary>
    private void PushDown(List<Step> path)
    {
        var root = path[0];
        var node = root.Node.TakeFrom(0);
        var bitmap = FindFree(out var number);
        var vcn = number * (_recordSize / _vcnUnit);
        root.Node.Children.Add(vcn);

        // The root first: where it becomes smaller there may be space for the two attributes.
        if (RootLength(root.Node) > _store.MaxRootLength)
        {
            throw NtfsErrors.Full($"The file record of {_store.Description} has no space for the index's root.");
        }

        WriteNode(root);
        Take(bitmap, number);
        var below = new Step(node, vcn, root.Position);
        root.Position = 0;
        path.Insert(1, below);
        if (Fits(below))
        {
            WriteNode(below);
        }
    }

    /// <summary>Moves the upper half of a node to a new one, and the entry between both to the node above.</summary>
    private void Split(List<Step> path, int level)
    {
        var step = path[level];
        var middle = Middle(step.Node);
        var right = step.Node.TakeFrom(middle + 1);
        var separator = step.Node.Entries[middle].ToArray();
        step.Node.Entries.RemoveAt(middle);
        var bitmap = FindFree(out var number);
        Take(bitmap, number);
        var vcn = number * (_recordSize / _vcnUnit);
        WriteNode(new Step(right, vcn, 0));
        WriteNode(step);
        InsertAt(path, level - 1, separator, vcn);
    }

    /// <summary>The entry with half of the bytes before it, and with one at least on either side where there are three.</summary>
    private static int Middle(NtfsIndexNode node)
    {
        var half = node.EntriesLength / 2;
        var length = 0;
        var middle = 0;
        while (middle < node.Entries.Count - 1)
        {
            length += node.Entries[middle].Length + (node.Children[middle] == NtfsIndexNode.NoChild ? 0 : sizeof(long));
            if (length > half)
            {
                break;
            }

            middle++;
        }

        return node.Entries.Count < 3 ? middle : Math.Clamp(middle, 1, node.Entries.Count - 2);
    }

    /// <summary>Takes the last node of a path out of the tree when nothing is left in it.</summary>
    private void RemoveIfEmpty(List<Step> path)
    {
        var level = path.Count - 1;
        while (level > 0 && path[level].Node.IsEmpty)
        {
            Free(path[level].Vcn);
            level--;
            var above = path[level];
            if (above.Node.Entries.Count > 0)
            {
                RemoveChild(path, level);
                return;
            }

            above.Node.Children[0] = NtfsIndexNode.NoChild;
        }

        if (level == 0 && path.Count > 1)
        {
            WriteNode(path[0]);
            if (Array.TrueForAll(_store.ReadBitmap(), b => b == 0))
            {
                _store.ResizeAllocation(0);
            }
        }
    }

    /// <summary>Takes out the pointer to a node that is gone, with the entry beside it, which then goes to a neighbour of that node.</summary>
    private void RemoveChild(List<Step> path, int level)
    {
        var step = path[level];
        var index = Math.Min(step.Position, step.Node.Entries.Count - 1);
        var entry = step.Node.Entries[index].ToArray();
        step.Node.Entries.RemoveAt(index);
        step.Node.Children.RemoveAt(step.Position);
        WriteNode(step);
        path.RemoveRange(level + 1, path.Count - level - 1);
        MergeWithoutEntries(path);
        Insert(entry);
    }

    /// <summary>Joins the last node of a path, when it has no entries but one node below, with a neighbour, so that no such node stays.</summary>
    private void MergeWithoutEntries(List<Step> path)
    {
        var level = path.Count - 1;
        var step = path[level];
        if (level == 0 || step.Node.Entries.Count > 0)
        {
            return;
        }

        var only = step.Node.Children[0];
        var above = path[level - 1];
        path.RemoveAt(level);
        Free(step.Vcn);
        if (above.Node.Entries.Count == 0)
        {
            above.Node.Children[0] = only;
            WriteNode(above);
            MergeWithoutEntries(path);
            return;
        }

        // The entry between both nodes comes down to the neighbour, and the only child with it.
        var isLast = above.Position == above.Node.Entries.Count;
        var index = isLast ? above.Position - 1 : above.Position;
        var entry = above.Node.Entries[index].ToArray();
        var vcn = above.Node.Children[isLast ? index : index + 1];
        if (vcn == NtfsIndexNode.NoChild)
        {
            throw NtfsErrors.Corrupt($"{_store.Description} has a node below one side of an entry only.");
        }

        var neighbour = ReadNode(vcn, level - 1);
        above.Node.Entries.RemoveAt(index);
        above.Node.Children.RemoveAt(above.Position);
        above.Position = index;
        neighbour.Entries.Insert(isLast ? neighbour.Entries.Count : 0, entry);
        neighbour.Children.Insert(isLast ? neighbour.Children.Count : 0, only);
        WriteNode(above);
        path.Add(new Step(neighbour, vcn, 0));
        Settle(path, level);
        path.RemoveRange(level, path.Count - level);
        MergeWithoutEntries(path);
    }

    private void WriteNode(Step step)
    {
        if (step.Vcn != NtfsIndexNode.NoChild)
        {
            var old = new byte[_recordSize];
            _store.ReadAllocation(step.Vcn * _vcnUnit, old);
            _store.WriteAllocation(step.Vcn * _vcnUnit, NtfsIndexRecord.Build(step.Node, step.Vcn, _recordSize, NtfsIndexRecord.Sequence(old)));
            return;
        }

        var raw = new byte[RootLength(step.Node)];
        _store.ReadRoot()[..NtfsIndexRoot.HeaderSize].CopyTo(raw);
        step.Node.Write(raw.AsSpan(NtfsIndexRoot.HeaderSize), NtfsIndexNode.HeaderSize, raw.Length - NtfsIndexRoot.HeaderSize);
        _store.WriteRoot(raw);
    }

    /// <summary>The first record that is not in use, which may lie behind the end of the allocation.</summary>
    private byte[] FindFree(out long number)
    {
        var bitmap = _store.ReadBitmap();
        number = 0;
        while (number / 8 < bitmap.Length && (bitmap[number / 8] & (1 << (int)(number % 8))) != 0)
        {
            number += bitmap[number / 8] == byte.MaxValue ? 8 - (number % 8) : 1;
        }

        return bitmap;
    }

    /// <summary>Marks a record as in use, and makes it exist.</summary>
    private void Take(byte[] bitmap, long number)
    {
        if (number >= RecordCount)
        {
            _store.ResizeAllocation((number + 1) * _recordSize);
        }

        // The length of a bitmap is a multiple of eight bytes.
        var length = Math.Max(bitmap.Length, NtfsIndexEntry.Align((int)(number / 8) + 1));
        Array.Resize(ref bitmap, length);
        bitmap[number / 8] |= (byte)(1 << (int)(number % 8));
        _store.WriteBitmap(bitmap);
    }

    private void Free(long vcn)
    {
        var number = vcn / (_recordSize / _vcnUnit);
        var bitmap = _store.ReadBitmap();
        if (number / 8 < bitmap.Length)
        {
            bitmap[number / 8] &= (byte)~(1 << (int)(number % 8));
            _store.WriteBitmap(bitmap);
        }
    }
}
