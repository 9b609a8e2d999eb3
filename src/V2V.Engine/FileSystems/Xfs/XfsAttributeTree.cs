namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The attributes in the blocks of an attribute fork: one leaf, or a hash tree of leaves, and the blocks of large values.</summary>
internal sealed class XfsAttributeTree(XfsFork fork)
{
    private const uint Root = 0;

    /// <summary>Blocks of an attribute fork are numbered with 32 bits.</summary>
    private const uint End = uint.MaxValue;

    private readonly XfsDaTree _tree = new(fork, Root, End, 1, XfsDaBlockKind.AttributeLeaf);

    /// <summary>All attributes when there is one leaf, else null.</summary>
    public List<XfsAttribute>? SingleLeaf =>
        new XfsDaBlock(fork, Root, _tree.Read(Root)).Kind == XfsDaBlockKind.AttributeLeaf ? ReadLeaf(Root).Attributes : null;

    /// <summary>Every attribute, also what users do not see.</summary>
    public IEnumerable<XfsAttribute> All()
    {
        var path = _tree.Find(0);
        do
        {
            foreach (var attribute in ReadLeaf(path.Leaf).Attributes)
            {
                yield return attribute;
            }
        }
        while (_tree.MoveNext(path));
    }

    public XfsAttribute? Find(XfsAttributeFlags space, byte[] name) => Locate(space, name)?.Attribute;

    /// <summary>Gives a fork without blocks an empty leaf.</summary>
    public void Initialise() => XfsAttributeLeaf.Initialise(fork, Root, fork.Allocate(Root, 1, XfsDaBlock.ChecksumOffset));

    /// <summary>Frees the only leaf.</summary>
    public void FreeSingleLeaf() => fork.Free(Root, 1);

    /// <summary>Adds an attribute that is not there. Its value goes to blocks of its own if it is too large to stand with the name.</summary>
    public void Add(XfsAttribute attribute)
    {
        if (!XfsAttributeLeaf.HoldsLocally(attribute.Name.Length, attribute.Value.Length, fork.Geometry.BlockSize))
        {
            attribute = attribute with
            {
                Flags = attribute.Flags & ~XfsAttributeFlags.Local,
                RemoteBlock = XfsAttributeRemote.Write(fork, attribute.Value),
                RemoteLength = attribute.Value.Length,
                Value = [],
            };
        }

        var path = _tree.Find(attribute.Hash);
        var leaf = ReadLeaf(path.Leaf);
        List<XfsAttribute> all = [.. leaf.Attributes];
        var at = all.FindLastIndex(a => a.Hash <= attribute.Hash) + 1;
        all.Insert(at, attribute);
        if (all.Sum(XfsAttributeLeaf.SizeOf) <= leaf.Capacity)
        {
            leaf.Write(all);
            _tree.SetLastHash(path, all[^1].Hash);
            return;
        }

        if (path.IsRoot)
        {
            _tree.Deepen(path, leaf.Attributes[^1].Hash);
            leaf = ReadLeaf(path.Leaf);
        }

        // Each new leaf goes right behind the old one, so the last part comes first.
        var parts = Split(all, at, leaf.Capacity);
        leaf.Write(parts[0]);
        foreach (var part in parts.Skip(1).Reverse())
        {
            var (block, buffer) = _tree.Allocate();
            var right = XfsAttributeLeaf.Initialise(fork, block, buffer);
            right.Write(part);
            _tree.Add(path, leaf, parts[0][^1].Hash, right, part[^1].Hash);
        }
    }

    /// <summary>Removes an attribute with its blocks; false when there is none of that name.</summary>
    public bool Remove(XfsAttributeFlags space, byte[] name)
    {
        if (Locate(space, name) is not (var path, var attribute))
        {
            return false;
        }

        if (!attribute.IsLocal)
        {
            XfsAttributeRemote.Free(fork, attribute.RemoteBlock, attribute.RemoteLength);
        }

        var leaf = ReadLeaf(path.Leaf);
        List<XfsAttribute> rest = [.. leaf.Attributes.Where(a => !a.Is(space, name))];
        if (rest.Count == 0 && !path.IsRoot)
        {
            _tree.Remove(path);
            return true;
        }

        leaf.Write(rest);
        if (rest.Count > 0)
        {
            _tree.SetLastHash(path, rest[^1].Hash);
        }

        Join(path, rest, leaf.Capacity);
        return true;
    }

    /// <summary>
    /// Divides what does not fit into one leaf into two of about the same size or, when the added attribute is too large to share one with
    /// either side, into three.
    /// </summary>
    private static List<List<XfsAttribute>> Split(List<XfsAttribute> all, int added, int capacity)
    {
        var total = all.Sum(XfsAttributeLeaf.SizeOf);
        var (best, bestSize, size) = (0, int.MaxValue, 0);
        for (var i = 1; i < all.Count; i++)
        {
            size += XfsAttributeLeaf.SizeOf(all[i - 1]);
            if (Math.Max(size, total - size) < bestSize)
            {
                (best, bestSize) = (i, Math.Max(size, total - size));
            }
        }

        return bestSize <= capacity ? [all[..best], all[best..]] : [all[..added], [all[added]], all[(added + 1)..]];
    }

    /// <summary>Joins a leaf with few attributes and a neighbour, if both fit well into one.</summary>
    private void Join(XfsDaPath path, List<XfsAttribute> attributes, int capacity)
    {
        var size = attributes.Sum(XfsAttributeLeaf.SizeOf);
        if (size > capacity / 2)
        {
            return;
        }

        foreach (var direction in new[] { 1, -1 })
        {
            if (_tree.Neighbour(path, direction) is not { } neighbour)
            {
                continue;
            }

            var others = ReadLeaf(neighbour.Leaf).Attributes;
            if (XfsDaTree.IsWellFilled(size + others.Sum(XfsAttributeLeaf.SizeOf), capacity))
            {
                var (first, second) = direction > 0 ? (path, neighbour) : (neighbour, path);
                List<XfsAttribute> joined = direction > 0 ? [.. attributes, .. others] : [.. others, .. attributes];
                ReadLeaf(first.Leaf).Write(joined);
                _tree.SetLastHash(first, joined[^1].Hash);
                _tree.Remove(second);
                return;
            }
        }
    }

    /// <summary>An attribute in a leaf, and the way there. Equal hashes may go on in the next leaf.</summary>
    private (XfsDaPath Path, XfsAttribute Attribute)? Locate(XfsAttributeFlags space, byte[] name)
    {
        var hash = XfsDaHash.Compute(name);
        var path = _tree.Find(hash);
        do
        {
            var attributes = ReadLeaf(path.Leaf).Attributes;
            if (attributes.Find(a => a.Hash == hash && a.Is(space, name)) is { } found)
            {
                return (path, found);
            }

            if (attributes.Count > 0 && attributes[^1].Hash > hash)
            {
                return null;
            }
        }
        while (_tree.MoveNext(path));
        return null;
    }

    private XfsAttributeLeaf ReadLeaf(uint block) => new(fork, block, _tree.Read(block));
}
