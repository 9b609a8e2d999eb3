namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The B-tree of a group's inode chunks, or that of the chunks with free inodes; their blocks are allocated like any others.</summary>
internal sealed class XfsInodeTreeHome(XfsAg ag, bool isFree) : XfsAgBTreeHome(ag, isFree ? XfsBTreeShapes.FreeInodes : XfsBTreeShapes.Inodes)
{
    private static readonly XfsReverseMapping s_owner = new(0, 0, XfsReverseMapping.OwnerInodeTrees, 0);

    public override int Levels => (int)(isFree ? Ag.Agi.FreeLevels : Ag.Agi.Levels);

    protected override uint Root => isFree ? Ag.Agi.FreeRoot : Ag.Agi.Root;

    protected override string Name => $"the B-tree of {(isFree ? "free " : "")}inodes of allocation group {Ag.Number}";

    public override void SetRoot(ulong pointer, int levels)
    {
        var agi = Ag.Agi;
        if (isFree)
        {
            agi.FreeRoot = (uint)pointer;
            agi.FreeLevels = (uint)levels;
        }
        else
        {
            agi.Root = (uint)pointer;
            agi.Levels = (uint)levels;
        }
    }

    public override ulong AllocateBlock()
    {
        var block = Volume.Allocator.AllocateForTree(Ag, s_owner);
        Count(1);
        return block;
    }

    public override void FreeBlock(ulong pointer)
    {
        Count(-1);
        Volume.Allocator.Free(Volume.Superblock.BlockNumber(Ag.Number, (uint)pointer), 1, s_owner);
    }

    /// <summary>With the inobtcount feature the AGI counts the blocks of both trees.</summary>
    private void Count(int by)
    {
        if (!Volume.Superblock.HasInodeTreeCounts)
        {
            return;
        }

        var agi = Ag.Agi;
        if (isFree)
        {
            agi.FreeTreeBlocks = (uint)(agi.FreeTreeBlocks + by);
        }
        else
        {
            agi.TreeBlocks = (uint)(agi.TreeBlocks + by);
        }
    }
}
