namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A fork's extent B-tree: the root stands in the inode, the other blocks anywhere on the volume.</summary>
internal sealed class XfsForkBTreeHome(XfsInodeFork fork) : XfsBTreeHome(fork.Inode.Volume)
{
    public override XfsBTreeShape Shape => XfsBTreeShapes.Extents;

    public override int Levels => ReadRoot().Level + 1;

    protected override ulong Owner => fork.Owner;

    protected override string Name => $"the extent B-tree of inode {fork.Inode.Number}";

    public override XfsBTreeNode ReadRoot() => fork.BTreeRoot;

    public override void SetRoot(ulong pointer, int levels) => throw new InvalidOperationException("The root stands in the inode.");

    public override ulong AllocateBlock() => throw new InvalidOperationException();

    public override void FreeBlock(ulong pointer) => throw new InvalidOperationException();

    public override long ByteOf(ulong pointer)
    {
        Volume.Superblock.CheckBlocks(pointer, 1, Name);
        return Volume.Superblock.ByteOf(pointer);
    }
}
