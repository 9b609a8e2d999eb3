namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The reverse-mapping B-tree of an allocation group. On file systems without one nothing is kept.</summary>
internal sealed class XfsReverseMap(XfsAg ag)
{
    private bool IsKept => ag.Volume.Superblock.HasReverseMap;

    private XfsBTree Tree => new(new XfsReverseMapHome(ag));

    /// <summary>Notes an owner; joined with neighbouring records of the same owner that continue it.</summary>
    public void Add(XfsReverseMapping mapping)
    {
        if (!IsKept)
        {
            return;
        }

        var joined = mapping;
        if (mapping.Block > 0 && Find(mapping.Block - 1, m => m.End == mapping.Block && Continues(m, mapping)) is { } left)
        {
            Delete(left);
            joined = left with { Count = left.Count + mapping.Count };
        }

        if (Find(mapping.End, m => m.Block == mapping.End && Continues(mapping, m)) is { } right)
        {
            Delete(right);
            joined = joined with { Count = joined.Count + right.Count };
        }

        Tree.Insert(joined.ToBytes());
    }

    /// <summary>Takes an owner's blocks out, which may be the middle of a record.</summary>
    public void Remove(XfsReverseMapping mapping)
    {
        if (!IsKept)
        {
            return;
        }

        var found = Find(mapping.Block, m => m.Owner == mapping.Owner && m.End >= mapping.End && m.Slice(mapping.Block, mapping.Count).Offset == mapping.Offset)
            ?? throw XfsErrors.Corrupt($"the reverse mappings of allocation group {ag.Number} lack blocks {mapping.Block}+{mapping.Count} of owner {(long)mapping.Owner}.");
        Delete(found);
        if (found.Block < mapping.Block)
        {
            Tree.Insert(found.Slice(found.Block, mapping.Block - found.Block).ToBytes());
        }

        if (mapping.End < found.End)
        {
            Tree.Insert(found.Slice(mapping.End, found.End - mapping.End).ToBytes());
        }
    }

    /// <summary>Takes the blocks out, whoever owns them; when nobody does, that is right too.</summary>
    public void RemoveAny(uint block, uint count)
    {
        if (IsKept && Find(block, m => m.End >= block + count) is { } found)
        {
            Remove(found.Slice(block, count));
        }
    }

    private static bool Continues(XfsReverseMapping left, XfsReverseMapping right) =>
        left.Owner == right.Owner && right.Offset == (left.HasOffset ? left.Offset + left.Count : left.Offset) && (ulong)left.Count + right.Count <= uint.MaxValue;

    /// <summary>The record that covers a block and fits.</summary>
    private XfsReverseMapping? Find(uint block, Predicate<XfsReverseMapping> fits)
    {
        foreach (var raw in Tree.FindOverlapping(Key(block, 0, 0), Key(block, ulong.MaxValue, ulong.MaxValue)))
        {
            if (XfsReverseMapping.Parse(raw) is var mapping && fits(mapping))
            {
                return mapping;
            }
        }

        return null;
    }

    private void Delete(XfsReverseMapping mapping)
    {
        var tree = Tree;
        if (!tree.SeekExactly(Key(mapping.Block, mapping.Owner, mapping.Offset)))
        {
            throw XfsErrors.Corrupt($"the reverse mappings of allocation group {ag.Number} are out of order.");
        }

        tree.Delete();
    }

    private static byte[] Key(uint block, ulong owner, ulong offset)
    {
        var key = new byte[XfsBTreeShapes.ReverseMap.KeySize];
        XfsBTreeShapes.ReverseMap.KeyOf(new XfsReverseMapping(block, 1, owner, offset).ToBytes(), key);
        return key;
    }
}
