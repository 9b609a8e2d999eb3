namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The B-tree over name hashes in a directory's leaf space or in an attribute fork (fs/xfs/libxfs/xfs_da_btree.c). Its root stays at one
/// block. What leaves hold is the caller's; the tree keeps the nodes above them and the links between neighbours.
/// </summary>
/// <param name="fork">Where it stands.</param>
/// <param name="root">Block of the root.</param>
/// <param name="end">First block behind the space for the tree.</param>
/// <param name="blockCount">File system blocks in one of its blocks.</param>
/// <param name="leafKind">What its leaves are.</param>
internal sealed class XfsDaTree(XfsFork fork, uint root, uint end, int blockCount, XfsDaBlockKind leafKind)
{
    /// <summary>Nodes are joined when that leaves a quarter free, as the kernel does, lest the next insertion splits them again.</summary>
    private const int JoinedQuarters = 3;

    /// <exception cref="GuestFileSystemException">There is no block.</exception>
    public XfsBuffer Read(uint block)
    {
        if (block < root || block >= end || (block - root) % blockCount != 0)
        {
            throw XfsErrors.Corrupt($"a hash tree of inode {fork.Owner} refers to block {block}, outside its space.");
        }

        return fork.Read(block, blockCount, XfsDaBlock.ChecksumOffset)
            ?? throw XfsErrors.Corrupt($"block {block} of a hash tree of inode {fork.Owner} is a hole.");
    }

    /// <summary>The way to the first leaf that may hold a hash.</summary>
    public XfsDaPath Find(uint hash)
    {
        var path = new XfsDaPath();
        Descend(path, root, node => node.Find(hash));
        return path;
    }

    /// <summary>Goes to the next leaf; false at the last one.</summary>
    public bool MoveNext(XfsDaPath path)
    {
        for (var level = path.Steps.Count - 1; level >= 0; level--)
        {
            var (block, index) = path.Steps[level];
            var node = Node(block);
            if (index + 1 < node.Count)
            {
                path.Steps.RemoveRange(level, path.Steps.Count - level);
                path.Steps.Add((block, index + 1));
                Descend(path, node.Child(index + 1), _ => 0);
                return true;
            }
        }

        return false;
    }

    private void Descend(XfsDaPath path, uint block, Func<XfsDaNode, int> choose)
    {
        while (true)
        {
            var buffer = Read(block);
            var level = path.Steps.Count == 0 ? (int?)null : Node(path.Steps[^1].Block).Level - 1;
            var kind = new XfsDaBlock(fork, block, buffer).Kind;
            if (kind == leafKind && level is null or 0)
            {
                path.Leaf = block;
                return;
            }

            var node = new XfsDaNode(fork, block, buffer);
            if (node.Level != (level ?? node.Level))
            {
                throw XfsErrors.Corrupt($"a hash tree of inode {fork.Owner} is not balanced.", buffer.Address);
            }

            var index = choose(node);
            path.Steps.Add((block, index));
            block = node.Child(index);
        }
    }

    private XfsDaNode Node(uint block) => new(fork, block, Read(block));
}
