namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A B-tree of an allocation group: all its blocks lie there, and its root is named in the group's headers.</summary>
internal abstract class XfsAgBTreeHome(XfsAg ag, XfsBTreeShape shape) : XfsBTreeHome(ag.Volume)
{
    public override XfsBTreeShape Shape => shape;

    protected XfsAg Ag => ag;

    protected abstract uint Root { get; }

    protected override ulong Owner => ag.Number;

    public override XfsBTreeNode ReadRoot() => Read(Root, Levels - 1);

    public override long ByteOf(ulong pointer)
    {
        if (pointer > uint.MaxValue || !Volume.Superblock.AreInAg(ag.Number, (uint)pointer, 1))
        {
            throw Corrupt("leads out of its allocation group.");
        }

        return Volume.Superblock.ByteOf(ag.Number, (uint)pointer);
    }
}
