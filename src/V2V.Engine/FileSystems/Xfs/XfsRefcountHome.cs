namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The B-tree of reference counts; its blocks are allocated like any others, in its own group.</summary>
internal sealed class XfsRefcountHome(XfsAg ag) : XfsAgBTreeHome(ag, XfsBTreeShapes.Refcounts)
{
    private static readonly XfsReverseMapping s_owner = new(0, 0, XfsReverseMapping.OwnerRefcounts, 0);

    public override int Levels => (int)Ag.Agf.RefcountLevels;

    protected override uint Root => Ag.Agf.RefcountRoot;

    protected override string Name => $"the B-tree of reference counts of allocation group {Ag.Number}";

    public override void SetRoot(ulong pointer, int levels)
    {
        var agf = Ag.Agf;
        agf.RefcountRoot = (uint)pointer;
        agf.RefcountLevels = (uint)levels;
    }

    public override ulong AllocateBlock()
    {
        var block = Volume.Allocator.AllocateForTree(Ag, s_owner);
        var agf = Ag.Agf;
        agf.RefcountBlocks++;
        return block;
    }

    public override void FreeBlock(ulong pointer)
    {
        var agf = Ag.Agf;
        agf.RefcountBlocks--;
        Volume.Allocator.Free(Volume.Superblock.BlockNumber(Ag.Number, (uint)pointer), 1, s_owner);
    }
}
