using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>
/// Adds keys to lists of subkeys and takes them out. A list stays of its kind; one that grows past what Windows puts into one is halved, and the
/// halves are named by a list of lists.
/// </summary>
internal sealed class SubkeyWriter(HiveCells cells, SubkeyReader reader, HiveAllocator allocator, uint minorVersion)
{
    private const uint FirstMinorWithHashes = 5;
    private const string What = "a list of subkeys";

    private SubkeyListKind NewKind => minorVersion >= FirstMinorWithHashes ? SubkeyListKind.Hash : SubkeyListKind.Fast;

    /// <summary>Adds a key that is not in the list, and returns the parent with its list and count.</summary>
    public KeyNode Add(uint parent, KeyNode node, uint child, string name)
    {
        var lists = reader.Lists(parent, node);
        var leaves = lists.Where(l => l.IsLeaf).ToList();
        if (leaves.Count == 0)
        {
            reader.Trust(parent);
            return WithLists(node, [AddLeaf(NewKind, SubkeyLeaf.MakeEntry(NewKind, child, name))], 1);
        }

        if (!reader.IsTrusted(parent))
        {
            return Rebuild(parent, node, child, name);
        }

        var which = reader.LeafFor(parent, leaves, name);
        var leaf = leaves[which];
        var at = reader.IndexFor(parent, leaf, name) * leaf.EntrySize;
        var old = leaf.ReadEntries(cells);
        byte[] entries = [.. old.AsSpan(0, at), .. SubkeyLeaf.MakeEntry(leaf.Kind, child, name), .. old.AsSpan(at)];
        var count = node.SubkeyCount + 1;
        if (leaf.Count < leaf.Limit)
        {
            var cell = Replace(leaf, entries);
            return (cell == leaf.Cell ? node : Renamed(node, lists, leaf.Cell, cell)) with { SubkeyCount = count };
        }

        // Halved at the middle, unless it grows at its end only: then the full list stays full, as keys made in order are.
        var left = (at == old.Length ? leaf.Count : (leaf.Count + 1) / 2) * leaf.EntrySize;
        Free(lists.Where(l => !l.IsLeaf).Append(leaf));
        var parts = leaves.Select(l => l.Cell).ToList();
        parts[which] = AddLeaf(leaf.Kind, entries.AsSpan(0, left));
        parts.Insert(which + 1, AddLeaf(leaf.Kind, entries.AsSpan(left)));
        return WithLists(node, parts, count);
    }

    /// <summary>Takes a key out of the list, and returns the parent with its list and count.</summary>
    public KeyNode Remove(uint parent, KeyNode node, uint child)
    {
        var lists = reader.Lists(parent, node);
        foreach (var leaf in lists.Where(l => l.IsLeaf))
        {
            var entries = leaf.ReadEntries(cells);
            for (var at = 0; at < entries.Length; at += leaf.EntrySize)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(entries.AsSpan(at)) != child)
                {
                    continue;
                }

                var count = node.SubkeyCount - 1;
                if (leaf.Count > 1)
                {
                    byte[] rest = [.. entries.AsSpan(0, at), .. entries.AsSpan(at + leaf.EntrySize)];
                    cells.Write(leaf.Cell, 0, SubkeyLeaf.Make(leaf.Kind, rest), What);
                    return node with { SubkeyCount = count };
                }

                Free(lists.Where(l => !l.IsLeaf).Append(leaf));
                return WithLists(node, [.. lists.Where(l => l.IsLeaf && l.Cell != leaf.Cell).Select(l => l.Cell)], count);
            }
        }

        throw cells.Corrupt(parent, "a key is not in the list of its parent's subkeys.");
    }

    /// <summary>Frees every list of a key.</summary>
    public void FreeAll(uint key, KeyNode node) => Free(reader.Lists(key, node));

    /// <summary>Lists that are not in order, or whose hints are wrong, are made anew when a key is added to them.</summary>
    private KeyNode Rebuild(uint parent, KeyNode node, uint child, string name)
    {
        var keys = reader.All(parent, node).Select(k => (Cell: k, Name: reader.ReadChild(parent, k).ReadName(cells, k))).ToList();
        keys.Add((child, name));
        keys.Sort((a, b) => RegistryNames.Compare(a.Name, b.Name));
        FreeAll(parent, node);
        var parts = keys.Chunk(SubkeyLeaf.LimitOf(NewKind))
            .Select(part => AddLeaf(NewKind, part.SelectMany(k => SubkeyLeaf.MakeEntry(NewKind, k.Cell, k.Name)).ToArray()))
            .ToList();
        reader.Trust(parent);
        return WithLists(node, parts, (uint)keys.Count);
    }

    /// <summary>Writes a leaf in place, or, when it has no room left, into a larger cell.</summary>
    private uint Replace(SubkeyLeaf leaf, byte[] entries)
    {
        var content = SubkeyLeaf.Make(leaf.Kind, entries);
        if (content.Length <= cells.Payload(leaf.Cell, What))
        {
            cells.Write(leaf.Cell, 0, content, What);
            return leaf.Cell;
        }

        allocator.Free(leaf.Cell, What);
        return AddLeaf(leaf.Kind, entries);
    }

    /// <summary>A new leaf, with some room as lists that grew once grow again.</summary>
    private uint AddLeaf(SubkeyListKind kind, ReadOnlySpan<byte> entries)
    {
        var count = entries.Length / SubkeyLeaf.SizeOf(kind);
        var spare = Math.Clamp(SubkeyLeaf.LimitOf(kind) - count, 0, count / 8);
        return allocator.Add(SubkeyLeaf.Make(kind, entries), spare * SubkeyLeaf.SizeOf(kind));
    }

    /// <summary>The parent after one of its lists moved.</summary>
    private KeyNode Renamed(KeyNode node, List<SubkeyLeaf> lists, uint from, uint to)
    {
        if (node.SubkeyList == from)
        {
            return node with { SubkeyList = to };
        }

        foreach (var root in lists.Where(l => l.Kind == SubkeyListKind.Root))
        {
            for (var i = 0; i < root.Count; i++)
            {
                if (root.ReadEntry(cells, i) == from)
                {
                    root.WriteEntry(cells, i, to);
                    return node;
                }
            }
        }

        throw cells.Corrupt(from, "a list of subkeys is not named by its parent's.");
    }

    /// <summary>The parent with these leaves, which a list of lists names when they are several.</summary>
    private KeyNode WithLists(KeyNode node, List<uint> leaves, uint count)
    {
        if (leaves.Count > SubkeyLeaf.LimitOf(SubkeyListKind.Root))
        {
            throw RegistryErrors.Full(cells.Pages.Path, $"a key would have more than {count} subkeys.");
        }

        if (leaves.Count <= 1)
        {
            return node with { SubkeyCount = count, SubkeyList = leaves.Count == 0 ? HiveCells.None : leaves[0] };
        }

        var entries = new byte[leaves.Count * sizeof(uint)];
        for (var i = 0; i < leaves.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entries.AsSpan(i * sizeof(uint)), leaves[i]);
        }

        return node with { SubkeyCount = count, SubkeyList = allocator.Add(SubkeyLeaf.Make(SubkeyListKind.Root, entries)) };
    }

    private void Free(IEnumerable<SubkeyLeaf> lists)
    {
        foreach (var list in lists.ToList())
        {
            allocator.Free(list.Cell, What);
        }
    }
}
