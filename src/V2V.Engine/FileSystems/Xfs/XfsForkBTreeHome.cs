namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A fork's extent B-tree: the root stands in the inode, the other blocks anywhere on the volume.</summary>
internal sealed class XfsForkBTreeHome(XfsInodeFork fork) : XfsBTreeHome(fork.Inode.Volume)
{
    /// <summary>An inode's list has room for far fewer extents, and a leaf holds one at least.</summary>
    private const int MaxBlocksOfSmallTree = 1024;

    private XfsReverseMapping BlockOwner => new(
        0, 0, fork.Owner, XfsReverseMapping.BMapBlockFlag | (fork.IsAttributeFork ? XfsReverseMapping.AttributeForkFlag : 0));

    public override XfsBTreeShape Shape => XfsBTreeShapes.Extents;

    public override int Levels => ReadRoot().Level + 1;

    protected override ulong Owner => fork.Owner;

    protected override string Name => $"the extent B-tree of inode {fork.Inode.Number}";

    public override XfsBTreeNode ReadRoot() => fork.BTreeRoot;

    public override void SetRoot(ulong pointer, int levels) => throw new InvalidOperationException("The root stands in the inode.");

    public override ulong AllocateBlock()
    {
        var inode = fork.Inode;
        var (block, _) = Volume.Allocator.Allocate(inode.Number >> Volume.Superblock.InodesPerBlockLog, 1, BlockOwner);
        inode.Blocks++;
        return block;
    }

    public override void FreeBlock(ulong pointer)
    {
        Volume.Allocator.Free(pointer, 1, BlockOwner);
        fork.Inode.Blocks--;
    }

    /// <summary>Every block of a tree that holds only a few extents.</summary>
    public List<XfsBTreeNode> AllBlocks()
    {
        var blocks = new List<XfsBTreeNode>();
        Collect(ReadRoot());
        return blocks;

        void Collect(XfsBTreeNode node)
        {
            for (var i = 0; i < node.Count && !node.IsLeaf; i++)
            {
                var child = Read(node.Child(i), node.Level - 1);
                blocks.Add(child);
                if (blocks.Count > MaxBlocksOfSmallTree)
                {
                    throw Corrupt("has far more blocks than its extents need.");
                }

                Collect(child);
            }
        }
    }

    public override long ByteOf(ulong pointer)
    {
        Volume.Superblock.CheckBlocks(pointer, 1, Name);
        return Volume.Superblock.ByteOf(pointer);
    }
}
