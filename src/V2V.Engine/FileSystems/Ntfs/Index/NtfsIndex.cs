namespace V2V.Engine.FileSystems.Ntfs.Index;

/// <summary>
/// An index of NTFS: a B-tree whose root stands in $INDEX_ROOT and whose other nodes are the records of $INDEX_ALLOCATION
/// (MS-FSA has no layout; linux/Documentation of NTFS, "Index"). Keys are unique in its order. Nothing is kept between calls.
/// </summary>
internal sealed partial class NtfsIndex
{
    /// <summary>Beyond what any index reaches: nodes have two entries at least on the way down.</summary>
    private const int MaxDepth = 32;

    private readonly NtfsIndexStore _store;
    private readonly NtfsCollation _collation;
    private readonly int _recordSize;
    private readonly int _vcnUnit;

    /// <exception cref="GuestFileSystemException">$INDEX_ROOT is malformed, or of another order than <paramref name="collation"/>.</exception>
    public NtfsIndex(NtfsIndexStore store, NtfsCollation collation)
    {
        _store = store;
        _collation = collation;
        var root = store.ReadRoot();
        if (root.Length < NtfsIndexRoot.EmptyLength)
        {
            throw NtfsErrors.Corrupt($"the root of {store.Description} has only {root.Length} bytes.");
        }

        var rule = root.U32(NtfsIndexRoot.Offsets.CollationRule);
        var size = root.U32(NtfsIndexRoot.Offsets.RecordSize);
        if (rule != collation.Rule)
        {
            throw NtfsErrors.Corrupt($"{store.Description} is ordered by rule 0x{rule:X}, where 0x{collation.Rule:X} belongs.");
        }

        if (size is < NtfsIndexRecord.MinSize or > NtfsIndexRecord.MaxSize || (size & (size - 1)) != 0)
        {
            throw NtfsErrors.Corrupt($"{store.Description} has records of {size} bytes.");
        }

        _recordSize = (int)size;
        _vcnUnit = NtfsIndexRoot.VcnUnit(_recordSize, store.ClusterSize);
    }

    /// <summary>Largest entry that an index record is sure to take.</summary>
    public int MaxEntryLength => NtfsIndexRecord.Capacity(_recordSize) - NtfsIndexEntry.HeaderSize - (2 * sizeof(long));

    private long RecordCount => _store.AllocationLength / _recordSize;

    /// <summary>The entry of a key, or null.</summary>
    /// <param name="key">What to look for.</param>
    /// <param name="orEquivalent">When no entry has the very key, one that means the same to Windows: a name in other case.</param>
    public NtfsIndexEntry? Find(ReadOnlySpan<byte> key, bool orEquivalent = false)
    {
        NtfsIndexEntry? equivalent = null;
        var node = ReadRoot();
        for (var depth = 0; ; depth++)
        {
            var position = Search(node, key, out var isFound);
            if (isFound)
            {
                return node.Entries[position];
            }

            // Keys that mean the same lie side by side, so the neighbours of where the key belongs show one of them, on one level or another.
            if (orEquivalent)
            {
                equivalent ??= Equivalent(node, position - 1, key) ?? Equivalent(node, position, key);
            }

            var child = node.Children[position];
            if (child == NtfsIndexNode.NoChild)
            {
                return equivalent;
            }

            node = ReadNode(child, depth);
        }
    }

    /// <summary>The entry with the greatest key, or null.</summary>
    public NtfsIndexEntry? Last()
    {
        // chkdsk may leave the last leaf empty: then the greatest key stands above it.
        NtfsIndexEntry? last = null;
        var node = ReadRoot();
        for (var depth = 0; ; depth++)
        {
            last = node.Entries.Count > 0 ? node.Entries[^1] : last;
            if (node.Children[^1] == NtfsIndexNode.NoChild)
            {
                return last;
            }

            node = ReadNode(node.Children[^1], depth);
        }
    }

    /// <summary>Every entry, in order. The index must not be changed meanwhile.</summary>
    public IEnumerable<NtfsIndexEntry> Entries() => Walk([(ReadRoot(), 0)]);

    /// <summary>The entry of <paramref name="key"/>, or the first behind where it belongs, and all that follow.</summary>
    public IEnumerable<NtfsIndexEntry> EntriesFrom(ReadOnlySpan<byte> key)
    {
        var path = new List<(NtfsIndexNode Node, int Position)>();
        var node = ReadRoot();
        while (true)
        {
            var position = Search(node, key, out var isFound);
            path.Add((node, position));
            if (isFound || node.Children[position] == NtfsIndexNode.NoChild)
            {
                return WalkFrom(path);
            }

            node = ReadNode(node.Children[position], path.Count - 1);
        }
    }

    /// <summary>Walks on when everything before the path's positions, and below them, is already seen.</summary>
    private IEnumerable<NtfsIndexEntry> WalkFrom(List<(NtfsIndexNode Node, int Position)> path)
    {
        for (var level = path.Count - 1; level >= 0; level--)
        {
            var (node, position) = path[level];
            if (position < node.Entries.Count)
            {
                yield return node.Entries[position];
                foreach (var entry in Walk([(node, position + 1)], level))
                {
                    yield return entry;
                }
            }
        }
    }

    /// <param name="stack">The node to begin in, with the position of the first child to go down to.</param>
    /// <param name="depth">Level of that node.</param>
    private IEnumerable<NtfsIndexEntry> Walk(List<(NtfsIndexNode Node, int Position)> stack, int depth = 0)
    {
        var seen = new HashSet<long>();
        var isDownNext = true;
        while (stack.Count > 0)
        {
            var (node, position) = stack[^1];
            var child = node.Children[position];
            if (isDownNext && child != NtfsIndexNode.NoChild)
            {
                if (!seen.Add(child))
                {
                    throw NtfsErrors.Corrupt($"{Place(child)} occurs twice in the tree.");
                }

                stack.Add((ReadNode(child, depth + stack.Count - 1), 0));
            }
            else if (position < node.Entries.Count)
            {
                yield return node.Entries[position];
                stack[^1] = (node, position + 1);
                isDownNext = true;
            }
            else
            {
                stack.RemoveAt(stack.Count - 1);
                isDownNext = false;
            }
        }
    }

    private NtfsIndexEntry? Equivalent(NtfsIndexNode node, int position, ReadOnlySpan<byte> key) =>
        position >= 0 && position < node.Entries.Count && _collation.AreEquivalent(node.Entries[position].Key, key) ? node.Entries[position] : null;

    /// <summary>The position of the key in a node, or of the first entry behind it.</summary>
    private int Search(NtfsIndexNode node, ReadOnlySpan<byte> key, out bool isFound)
    {
        var low = 0;
        var high = node.Entries.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = _collation.Compare(key, node.Entries[middle].Key);
            if (order == 0)
            {
                isFound = true;
                return middle;
            }

            (low, high) = order < 0 ? (low, middle) : (middle + 1, high);
        }

        isFound = false;
        return low;
    }

    private NtfsIndexNode ReadRoot()
    {
        var raw = _store.ReadRoot().ToArray();
        if (raw.Length < NtfsIndexRoot.EmptyLength)
        {
            throw NtfsErrors.Corrupt($"the root of {_store.Description} has only {raw.Length} bytes.");
        }

        return NtfsIndexNode.Parse(raw.AsMemory(NtfsIndexRoot.HeaderSize), $"the root of {_store.Description}");
    }

    /// <param name="vcn">Its place.</param>
    /// <param name="depth">Level of the node above.</param>
    private NtfsIndexNode ReadNode(long vcn, int depth)
    {
        var unitsPerRecord = _recordSize / _vcnUnit;
        if (vcn < 0 || vcn % unitsPerRecord != 0 || vcn / unitsPerRecord >= RecordCount)
        {
            throw NtfsErrors.Corrupt($"{_store.Description} refers to a node at VCN {vcn}, and has {RecordCount} records.");
        }

        if (depth >= MaxDepth)
        {
            throw NtfsErrors.Corrupt($"{_store.Description} is more than {MaxDepth} levels deep.");
        }

        var raw = new byte[_recordSize];
        _store.ReadAllocation(vcn * _vcnUnit, raw);
        return NtfsIndexRecord.Parse(raw, vcn, Place(vcn));
    }

    private string Place(long vcn) => $"the node at VCN {vcn} of {_store.Description}";
}
