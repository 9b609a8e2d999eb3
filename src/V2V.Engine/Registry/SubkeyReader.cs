using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Reads a key's list of subkeys, and finds one in it by the hints that stand beside the offsets.</summary>
internal sealed class SubkeyReader(HiveCells cells, uint rootKey)
{
    /// <summary>Lists of lists of lists are no part of the format, and have been seen all the same.</summary>
    private const int MaxNesting = 4;

    /// <summary>Keys whose lists are known to be sorted with every hint right, so that what is not found by these does not exist.</summary>
    private readonly HashSet<uint> _trusted = [];

    public void Distrust(uint key) => _trusted.Remove(key);

    public void DistrustAll() => _trusted.Clear();

    public void Trust(uint key) => _trusted.Add(key);

    public bool IsTrusted(uint key) => _trusted.Contains(key);

    /// <summary>The lists that name the subkeys, in order.</summary>
    public List<SubkeyLeaf> Leaves(uint key, KeyNode node) => [.. Lists(key, node).Where(l => l.IsLeaf)];

    /// <summary>The same with lists of lists, and with empty ones.</summary>
    public List<SubkeyLeaf> Lists(uint key, KeyNode node)
    {
        var lists = new List<SubkeyLeaf>();
        if (node.SubkeyCount == 0)
        {
            return lists;
        }

        Collect(node.SubkeyList, 0, lists, []);
        var count = lists.Where(l => l.IsLeaf).Sum(l => (long)l.Count);
        return count == node.SubkeyCount
            ? lists
            : throw cells.Corrupt(key, $"a key claims {node.SubkeyCount} subkeys, and its lists name {count}.");
    }

    /// <summary>Cells of all subkeys in the order of the list.</summary>
    public IEnumerable<uint> All(uint key, KeyNode node)
    {
        var seen = new HashSet<uint>();
        foreach (var leaf in Leaves(key, node))
        {
            var entries = leaf.ReadEntries(cells);
            for (var i = 0; i < leaf.Count; i++)
            {
                var child = BinaryPrimitives.ReadUInt32LittleEndian(entries.AsSpan(i * leaf.EntrySize));
                if (!seen.Add(child))
                {
                    throw cells.Corrupt(leaf.Cell, "a list of subkeys names one twice.");
                }

                yield return child;
            }
        }
    }

    /// <summary>
    /// A subkey. Its parent must be the key that names it, which, together with <see cref="All"/>, makes every walk end: each key is reached once.
    /// </summary>
    public KeyNode ReadChild(uint parent, uint child)
    {
        var node = KeyNode.Read(cells, child);
        if (node.Parent != parent || child == rootKey)
        {
            throw cells.Corrupt(child, $"a key that is listed below the one at {HivePages.FileOffset(parent)} names another as its parent.");
        }

        return node;
    }

    /// <summary>The subkey of that name; null when there is none.</summary>
    public uint? Find(uint key, KeyNode node, string name)
    {
        if (node.SubkeyCount == 0)
        {
            return null;
        }

        var leaves = Leaves(key, node);
        var likely = leaves.Count == 1 ? leaves[0] : leaves[LeafFor(key, leaves, name)];
        if (FindByHints(key, likely, name) is { } found)
        {
            return found;
        }

        return _trusted.Contains(key) ? null : FindByNames(key, node, name);
    }

    /// <summary>Index of the leaf that has, or should have, a name: the last one whose first name is not behind it.</summary>
    public int LeafFor(uint key, List<SubkeyLeaf> leaves, string name)
    {
        var (low, high) = (0, leaves.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (RegistryNames.Compare(NameAt(key, leaves[middle], 0), name) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Index within a leaf where a name stands, or would have to.</summary>
    public int IndexFor(uint key, SubkeyLeaf leaf, string name)
    {
        var (low, high) = (0, leaf.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (RegistryNames.Compare(NameAt(key, leaf, middle), name) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private string NameAt(uint key, SubkeyLeaf leaf, int index)
    {
        var child = leaf.ReadEntry(cells, index);
        return ReadChild(key, child).ReadName(cells, child);
    }

    private void Collect(uint cell, int depth, List<SubkeyLeaf> lists, HashSet<uint> seen)
    {
        if (depth > MaxNesting || !seen.Add(cell))
        {
            throw cells.Corrupt(cell, "a list of subkeys is nested too deep, or named twice.");
        }

        var list = SubkeyLeaf.Read(cells, cell);
        lists.Add(list);
        for (var i = 0; list.Kind == SubkeyListKind.Root && i < list.Count; i++)
        {
            Collect(list.ReadEntry(cells, i), depth + 1, lists, seen);
        }
    }

    private uint? FindByHints(uint key, SubkeyLeaf leaf, string name)
    {
        var entries = leaf.ReadEntries(cells);
        var hash = RegistryNames.Hash(name);
        for (var i = 0; i < leaf.Count; i++)
        {
            var entry = entries.AsSpan(i * leaf.EntrySize, leaf.EntrySize);
            var isCandidate = leaf.Kind switch
            {
                SubkeyListKind.Hash => BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) == hash,
                SubkeyListKind.Fast => RegistryNames.FitsHint(name, entry[4..]),
                _ => true,
            };
            if (isCandidate)
            {
                var child = BinaryPrimitives.ReadUInt32LittleEndian(entry);
                if (RegistryNames.Equal(ReadChild(key, child).ReadName(cells, child), name))
                {
                    return child;
                }
            }
        }

        return null;
    }

    /// <summary>Looks at every name, and learns whether the list can be trusted from now on.</summary>
    private uint? FindByNames(uint key, KeyNode node, string name)
    {
        string? last = null;
        uint? found = null;
        var isTrusted = true;
        foreach (var leaf in Leaves(key, node))
        {
            var entries = leaf.ReadEntries(cells);
            for (var i = 0; i < leaf.Count; i++)
            {
                var entry = entries.AsSpan(i * leaf.EntrySize, leaf.EntrySize);
                var child = BinaryPrimitives.ReadUInt32LittleEndian(entry);
                var here = ReadChild(key, child).ReadName(cells, child);
                if (RegistryNames.Equal(here, name))
                {
                    found = child;
                }

                isTrusted &= (last is null || RegistryNames.Compare(last, here) < 0) && leaf.Kind switch
                {
                    SubkeyListKind.Hash => BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) == RegistryNames.Hash(here),
                    SubkeyListKind.Fast => RegistryNames.FitsHint(here, entry[4..]),
                    _ => true,
                };
                last = here;
            }
        }

        if (isTrusted)
        {
            _trusted.Add(key);
        }

        return found;
    }
}
