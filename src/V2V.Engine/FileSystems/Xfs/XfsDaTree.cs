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

    /// <summary>Whether what two blocks hold should be in one.</summary>
    public static bool IsWellFilled(int used, int capacity) => used <= capacity * JoinedQuarters / 4;

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

    /// <summary>
    /// Moves the root's contents to a block of their own, under a new root with this one child: the tree grows at its top. The path goes on to
    /// lead to the same leaf.
    /// </summary>
    /// <param name="path">A way through the tree.</param>
    /// <param name="lastHash">The largest hash in the root.</param>
    public void Deepen(XfsDaPath path, uint lastHash)
    {
        // The leaves are a level too.
        if (path.Steps.Count + 1 == XfsDaNode.MaxDepth)
        {
            throw XfsErrors.Full($"The hash tree of inode {fork.Owner} cannot grow any more.");
        }

        var top = Read(root);
        var (block, copy) = Allocate();
        XfsDaBlock.Copy(fork, top, copy);
        var node = XfsDaNode.Initialise(fork, root, top, path.Steps.Count + 1);
        node.Insert(0, lastHash, block);
        if (path.IsRoot)
        {
            path.Leaf = block;
        }
        else
        {
            path.Steps[0] = (block, path.Steps[0].Index);
        }

        path.Steps.Insert(0, (root, 0));
    }

    /// <summary>A new block, which the caller fills.</summary>
    public (uint Block, XfsBuffer Buffer) Allocate()
    {
        var block = XfsDaHoles.Find(fork, root, end, (uint)blockCount, (uint)blockCount)
            ?? throw XfsErrors.Full($"The hash tree of inode {fork.Owner} cannot grow any more.");
        return (block, fork.Allocate(block, blockCount, XfsDaBlock.ChecksumOffset));
    }

    /// <summary>Puts a leaf into the tree behind the one that a path leads to, and goes on to lead to; that must not be the root.</summary>
    public void Add(XfsDaPath path, XfsDaBlock left, uint leftHash, XfsDaBlock right, uint rightHash)
    {
        Link(left, right);
        AddChild(path, path.Steps.Count - 1, leftHash, right.Block, rightHash);
    }

    /// <summary>Tells the nodes above a leaf of its largest hash.</summary>
    public void SetLastHash(XfsDaPath path, uint hash) => SetLastHash(path, path.Steps.Count - 1, hash);

    /// <summary>The way to the leaf before (-1) or behind (1) that has the same parent, or null.</summary>
    public XfsDaPath? Neighbour(XfsDaPath path, int direction)
    {
        if (path.IsRoot)
        {
            return null;
        }

        var (block, index) = path.Steps[^1];
        index += direction;
        var parent = Node(block);
        if (index < 0 || index >= parent.Count)
        {
            return null;
        }

        var neighbour = new XfsDaPath();
        neighbour.Steps.AddRange(path.Steps[..^1]);
        neighbour.Steps.Add((block, index));
        Descend(neighbour, parent.Child(index), _ => 0);
        return neighbour;
    }

    /// <summary>Frees a leaf that is not the root, with the nodes that then have no child, and joins nodes that have few. No path is good afterwards.</summary>
    public void Remove(XfsDaPath path)
    {
        Unlink(new XfsDaBlock(fork, path.Leaf, Read(path.Leaf)));
        RemoveChild(path, path.Steps.Count - 1);
        LowerRoot();
    }

    private void AddChild(XfsDaPath path, int level, uint leftHash, uint right, uint rightHash)
    {
        var (block, index) = path.Steps[level];
        var node = Node(block);
        if (node.Count == node.Capacity)
        {
            if (level == 0)
            {
                Deepen(path, node.LastHash);
                node = Node(path.Steps[++level].Block);
            }

            var (added, buffer) = Allocate();
            var sibling = XfsDaNode.Initialise(fork, added, buffer, node.Level);
            node.MoveTo(sibling, node.Count / 2);
            Link(node, sibling);
            AddChild(path, level - 1, node.LastHash, added, sibling.LastHash);
            if (index >= node.Count)
            {
                // The new node stands right behind the old one under the same parent: that is where AddChild has put it.
                index -= node.Count;
                node = sibling;
                path.Steps[level - 1] = (path.Steps[level - 1].Block, path.Steps[level - 1].Index + 1);
            }

            path.Steps[level] = (node.Block, index);
        }

        node.SetHash(index, leftHash);
        node.Insert(index + 1, rightHash, right);
        SetLastHash(path, level - 1, node.LastHash);
    }

    private void SetLastHash(XfsDaPath path, int level, uint hash)
    {
        for (; level >= 0; level--)
        {
            var (block, index) = path.Steps[level];
            var node = Node(block);
            if (node.Hash(index) == hash)
            {
                return;
            }

            node.SetHash(index, hash);
            hash = node.LastHash;
        }
    }

    private void RemoveChild(XfsDaPath path, int level)
    {
        var (block, index) = path.Steps[level];
        var node = Node(block);
        if (node.Count == 1)
        {
            if (level == 0)
            {
                throw XfsErrors.Corrupt($"the root of the hash tree of inode {fork.Owner} has a single child.");
            }

            Unlink(node);
            RemoveChild(path, level - 1);
            return;
        }

        node.RemoveAt(index);
        SetLastHash(path, level - 1, node.LastHash);
        if (level > 0 && node.Count <= node.Capacity / 2)
        {
            Join(path, level);
        }
    }

    /// <summary>Joins a node with a neighbour under the same parent, if both fit well into one.</summary>
    private void Join(XfsDaPath path, int level)
    {
        var (parentBlock, index) = path.Steps[level - 1];
        var parent = Node(parentBlock);
        foreach (var left in new[] { index, index - 1 })
        {
            if (left < 0 || left + 1 >= parent.Count)
            {
                continue;
            }

            var (node, next) = (Node(parent.Child(left)), Node(parent.Child(left + 1)));
            if (IsWellFilled(node.Count + next.Count, node.Capacity))
            {
                next.MoveTo(node, 0);
                parent.SetHash(left, node.LastHash);
                Unlink(next);
                path.Steps[level - 1] = (parentBlock, left + 1);
                RemoveChild(path, level - 1);
                return;
            }
        }
    }

    /// <summary>A root with one child takes that child's place.</summary>
    private void LowerRoot()
    {
        while (true)
        {
            var top = Read(root);
            if (new XfsDaBlock(fork, root, top).Kind != XfsDaBlockKind.Node || new XfsDaNode(fork, root, top) is not { Count: 1 } node)
            {
                return;
            }

            var child = node.Child(0);
            XfsDaBlock.Copy(fork, Read(child), top);
            fork.Free(child, blockCount);
        }
    }

    private void Link(XfsDaBlock left, XfsDaBlock right)
    {
        right.Previous = left.Block;
        right.Next = left.Next;
        if (left.Next != 0)
        {
            Sibling(left.Next).Previous = right.Block;
        }

        left.Next = right.Block;
    }

    /// <summary>Takes a block out of the list of its level and frees it.</summary>
    private void Unlink(XfsDaBlock block)
    {
        if (block.Previous != 0)
        {
            Sibling(block.Previous).Next = block.Next;
        }

        if (block.Next != 0)
        {
            Sibling(block.Next).Previous = block.Previous;
        }

        fork.Free(block.Block, blockCount);
    }

    private XfsDaBlock Sibling(uint block) => new(fork, block, Read(block));

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
