namespace V2V.Engine.FileSystems.Xfs;

/// <summary>One of the two B-trees of free extents. Their blocks come from the group's free list, since they change whenever space is allocated.</summary>
internal sealed class XfsFreeSpaceHome(XfsAg ag, bool isBySize) : XfsAgBTreeHome(ag, isBySize ? XfsBTreeShapes.FreeBySize : XfsBTreeShapes.FreeByBlock)
{
    public override int Levels => (int)(isBySize ? Ag.Agf.SizeLevels : Ag.Agf.BlockLevels);

    protected override uint Root => isBySize ? Ag.Agf.SizeRoot : Ag.Agf.BlockRoot;

    protected override string Name => $"the B-tree of free extents by {(isBySize ? "size" : "block")} of allocation group {Ag.Number}";

    public override void SetRoot(ulong pointer, int levels)
    {
        var agf = Ag.Agf;
        if (isBySize)
        {
            agf.SizeRoot = (uint)pointer;
            agf.SizeLevels = (uint)levels;
        }
        else
        {
            agf.BlockRoot = (uint)pointer;
            agf.BlockLevels = (uint)levels;
        }
    }

    public override ulong AllocateBlock() => Ag.FreeList.TakeForTree();

    public override void FreeBlock(ulong pointer) => Ag.FreeList.PutFromTree((uint)pointer);
}
