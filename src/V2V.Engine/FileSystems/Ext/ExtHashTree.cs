namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The index of a directory by the hashes of its names (dir_index). The root is block 0; below it stand at most one level of nodes (two with
/// largedir), then ordinary directory blocks.
/// </summary>
internal sealed class ExtHashTree
{
    /// <summary>Every round splits a block or adds a level, so a name finds room long before.</summary>
    private const int MaxSplits = 64;

    private readonly ExtDirectoryBlocks _blocks;
    private readonly ExtHashVersion _version;

    public ExtHashTree(ExtDirectoryBlocks blocks)
    {
        _blocks = blocks;
        _version = ExtHashRootInfo.Parse(blocks.ReadRoot(blocks.Locate(0))).Effective(blocks.Superblock);
    }

    /// <summary>A level of the way to a leaf.</summary>
    /// <param name="Physical">Block of the index node.</param>
    /// <param name="Start">Where its entries begin.</param>
    /// <param name="Position">The entry taken.</param>
    private record struct Frame(long Physical, int Start, int Position);

    /// <summary>The leaf that holds a name and its record there.</summary>
    public (long Physical, ExtDirectoryEntry Entry)? Find(ReadOnlySpan<byte> name)
    {
        var hash = Hash(name);
        var path = Descend(hash);
        do
        {
            var leaf = _blocks.Locate(Leaf(path));
            if (_blocks.ReadLeaf(leaf).Find(name) is { } entry)
            {
                return (leaf, entry);
            }
        }
        while (MoveNext(path, hash));

        return null;
    }

    public void Insert(ReadOnlySpan<byte> name, uint inode, byte fileType)
    {
        var hash = Hash(name);
        for (var split = 0; split < MaxSplits; split++)
        {
            var path = Descend(hash);
            var physical = _blocks.Locate(Leaf(path));
            var leaf = _blocks.ModifyLeaf(physical);
            if (leaf.TryInsert(name, inode, fileType))
            {
                _blocks.Seal(leaf);
                return;
            }

            if (Node(path[^1]).IsFull)
            {
                MakeRoom(path);
            }
            else
            {
                SplitLeaf(path[^1], physical);
            }
        }

        throw ExtErrors.Corrupt($"the hash tree of directory {_blocks.Inode.Number} finds no room for a name.");
    }

    /// <summary>
    /// Gives a directory of one full block an index, as the kernel does when it grows: the names move to block 1, and block 0 becomes the root.
    /// </summary>
    public static void Create(ExtDirectoryBlocks blocks)
    {
        var rootBlock = blocks.Locate(0);
        var old = blocks.ReadLeaf(rootBlock);
        var dot = old.Read(0);
        var dotDot = old.Read(dot.End);
        if (!dot.IsDotOrDotDot(old.Data) || !dotDot.IsDotOrDotDot(old.Data) || dot.RecordLength != ExtDirectoryEntry.SizeFor(1))
        {
            throw ExtErrors.Corrupt($"directory {blocks.Inode.Number} does not start with \".\" and \"..\".");
        }

        var names = new List<(byte[] Name, uint Inode, byte FileType)>();
        for (var offset = dotDot.End; offset < old.End;)
        {
            var entry = old.Read(offset);
            if (entry.Inode != 0)
            {
                names.Add((old.Name(entry).ToArray(), entry.Inode, entry.FileType));
            }

            offset = entry.End;
        }

        var (leafLogical, leafPhysical) = blocks.Append(ExtBlockKind.DirectoryLeaf);
        var leaf = ExtDirectoryBlock.Initialise(blocks.Modify(leafPhysical), blocks.Superblock);
        foreach (var (name, inode, fileType) in names)
        {
            leaf.TryInsert(name, inode, fileType);
        }

        blocks.Seal(leaf);

        var root = blocks.Modify(rootBlock);
        ExtDirectoryEntry.SetRecordLength(root, dot.End, root.Length - dot.RecordLength);
        root[(dot.End + ExtDirectoryEntry.SizeFor(2))..].Clear();
        var version = blocks.Superblock.DefaultHashVersion;
        ExtHashRootInfo.Write(root, version <= (byte)ExtHashVersion.Tea ? version : (byte)ExtHashVersion.HalfMd4, levels: 0);
        var node = new ExtHashNode(root, ExtHashNode.RootStart);
        node.WriteHeader(1, ExtHashNode.Capacity(ExtHashNode.RootStart, blocks.Superblock));
        node.SetBlock(0, (uint)leafLogical);
        blocks.Seal(node);
        blocks.Inode.Flags |= ExtInodeFlags.Index;
    }

    private uint Hash(ReadOnlySpan<byte> name) => ExtDirectoryHash.Compute(name, _version, _blocks.Superblock.HashSeed).Hash;

    private Frame[] Descend(uint hash)
    {
        var root = _blocks.Locate(0);
        var levels = ExtHashRootInfo.Parse(_blocks.ReadRoot(root)).Levels;
        var path = new Frame[levels + 1];
        path[0] = new Frame(root, ExtHashNode.RootStart, 0);
        for (var level = 0; ; level++)
        {
            var node = Node(path[level]);
            path[level].Position = node.Search(hash);
            if (level == levels)
            {
                return path;
            }

            path[level + 1] = new Frame(_blocks.Locate(node.Block(path[level].Position)), ExtHashNode.NodeStart, 0);
        }
    }

    private long Leaf(Frame[] path) => Node(path[^1]).Block(path[^1].Position);

    /// <summary>Moves on to the next leaf if names with this hash continue there.</summary>
    private bool MoveNext(Frame[] path, uint hash)
    {
        var level = path.Length - 1;
        while (path[level].Position + 1 >= Node(path[level]).Count)
        {
            if (--level < 0)
            {
                return false;
            }
        }

        path[level].Position++;
        if ((Node(path[level]).Hash(path[level].Position) & ~1u) != hash)
        {
            return false;
        }

        for (; level + 1 < path.Length; level++)
        {
            path[level + 1] = new Frame(_blocks.Locate(Node(path[level]).Block(path[level].Position)), ExtHashNode.NodeStart, 0);
        }

        return true;
    }

    private ExtHashNode Node(in Frame frame)
    {
        if (frame.Start == ExtHashNode.NodeStart)
        {
            return _blocks.ReadNode(frame.Physical);
        }

        return new ExtHashNode(_blocks.ReadRoot(frame.Physical), ExtHashNode.RootStart);
    }

    /// <summary>Moves the upper half, by hash, of a leaf's names to a new block.</summary>
    private void SplitLeaf(in Frame parent, long physical)
    {
        var leaf = _blocks.ModifyLeaf(physical);
        var names = new List<(uint Hash, byte[] Name, uint Inode, byte FileType)>();
        for (var offset = 0; offset < leaf.End;)
        {
            var entry = leaf.Read(offset);
            if (entry.Inode != 0)
            {
                var name = leaf.Name(entry).ToArray();
                names.Add((Hash(name), name, entry.Inode, entry.FileType));
            }

            offset = entry.End;
        }

        if (names.Count < 2)
        {
            throw ExtErrors.Corrupt($"a block of directory {_blocks.Inode.Number} is full with {names.Count} names.");
        }

        names.Sort((left, right) => left.Hash.CompareTo(right.Hash));
        var total = names.Sum(n => ExtDirectoryEntry.SizeFor(n.Name.Length));
        var first = 0;
        for (var size = 0; first < names.Count - 1 && (first == 0 || size + ExtDirectoryEntry.SizeFor(names[first].Name.Length) / 2 < total / 2); first++)
        {
            size += ExtDirectoryEntry.SizeFor(names[first].Name.Length);
        }

        var (addedLogical, addedPhysical) = _blocks.Append(ExtBlockKind.DirectoryLeaf);
        var right = ExtDirectoryBlock.Initialise(_blocks.Modify(addedPhysical), _blocks.Superblock);
        leaf = ExtDirectoryBlock.Initialise(_blocks.Modify(physical), _blocks.Superblock);
        for (var i = 0; i < names.Count; i++)
        {
            var (_, name, inode, fileType) = names[i];
            (i < first ? leaf : right).TryInsert(name, inode, fileType);
        }

        _blocks.Seal(leaf);
        _blocks.Seal(right);

        // Equal hashes on both sides are marked, so that a search goes on.
        var continues = names[first - 1].Hash == names[first].Hash ? 1u : 0;
        var node = _blocks.ModifyNode(parent.Physical, parent.Start);
        node.Insert(parent.Position + 1, names[first].Hash | continues, (uint)addedLogical);
        _blocks.Seal(node);
    }

    /// <summary>Splits the topmost full index node that has room above it, or adds a level under the root. The caller looks again then.</summary>
    private void MakeRoom(Frame[] path)
    {
        for (var level = path.Length - 2; level >= 0; level--)
        {
            if (!Node(path[level]).IsFull)
            {
                SplitNode(path[level], path[level + 1]);
                return;
            }
        }

        if (path.Length > ExtHashRootInfo.MaxLevels(_blocks.Superblock))
        {
            throw ExtErrors.Full($"The index of directory {_blocks.Inode.Number} is full.");
        }

        var (logical, physical) = _blocks.Append(ExtBlockKind.HashTreeNode);
        var child = InitialiseNode(physical);
        var rootBlock = _blocks.Modify(path[0].Physical);
        var root = new ExtHashNode(rootBlock, ExtHashNode.RootStart);
        var count = root.Count;
        root.Entries(0, count).CopyTo(child.Entries(0, count));
        child.WriteHeader(count, ExtHashNode.Capacity(ExtHashNode.NodeStart, _blocks.Superblock));
        _blocks.Seal(child);
        ExtHashRootInfo.Write(rootBlock, ExtHashRootInfo.Parse(rootBlock).HashVersion, path.Length);
        root.WriteHeader(1, root.Limit);
        root.SetBlock(0, (uint)logical);
        _blocks.Seal(root);
    }

    private void SplitNode(in Frame parent, in Frame full)
    {
        var (logical, physical) = _blocks.Append(ExtBlockKind.HashTreeNode);
        var right = InitialiseNode(physical);
        var left = _blocks.ModifyNode(full.Physical, full.Start);
        var (count, keep) = (left.Count, left.Count / 2);
        var hash = left.Hash(keep);
        left.Entries(keep, count - keep).CopyTo(right.Entries(0, count - keep));
        right.WriteHeader(count - keep, ExtHashNode.Capacity(ExtHashNode.NodeStart, _blocks.Superblock));
        left.WriteHeader(keep, left.Limit);
        _blocks.Seal(left);
        _blocks.Seal(right);
        var node = _blocks.ModifyNode(parent.Physical, parent.Start);
        node.Insert(parent.Position + 1, hash, (uint)logical);
        _blocks.Seal(node);
    }

    private ExtHashNode InitialiseNode(long physical)
    {
        var data = _blocks.Modify(physical);
        ExtDirectoryEntry.SetRecordLength(data, 0, data.Length);
        return new ExtHashNode(data, ExtHashNode.NodeStart);
    }
}
