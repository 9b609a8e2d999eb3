namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The B-tree of owners; like those of free extents it takes its blocks from the group's free list.</summary>
internal sealed class XfsReverseMapHome(XfsAg ag) : XfsAgBTreeHome(ag, XfsBTreeShapes.ReverseMap)
{
    public override int Levels => (int)Ag.Agf.ReverseMapLevels;

    protected override uint Root => Ag.Agf.ReverseMapRoot;

    protected override string Name => $"the reverse-mapping B-tree of allocation group {Ag.Number}";

    public override void SetRoot(ulong pointer, int levels)
    {
        var agf = Ag.Agf;
        agf.ReverseMapRoot = (uint)pointer;
        agf.ReverseMapLevels = (uint)levels;
    }

    public override ulong AllocateBlock()
    {
        var agf = Ag.Agf;
        agf.ReverseMapBlocks++;
        return Ag.FreeList.TakeForTree();
    }

    public override void FreeBlock(ulong pointer)
    {
        var agf = Ag.Agf;
        agf.ReverseMapBlocks--;
        Ag.FreeList.PutFromTree((uint)pointer);
    }
}
