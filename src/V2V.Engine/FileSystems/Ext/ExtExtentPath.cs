using System.Runtime.CompilerServices;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>The way from an extent tree's root (level 0) to a leaf: the node on each level, and the entry taken there.</summary>
internal struct ExtExtentPath(int depth)
{
    private Blocks _blocks;
    private Positions _positions;

    public int Depth { get; } = depth;

    public readonly long Leaf => _blocks[Depth];

    /// <summary>The leaf's last entry at or before what was looked for, or -1.</summary>
    public readonly int Position => _positions[Depth];

    public readonly long Block(int level) => _blocks[level];

    public readonly int PositionAt(int level) => _positions[level];

    public void Set(int level, long block, int position)
    {
        _blocks[level] = block;
        _positions[level] = position;
    }

    [InlineArray(ExtExtentNode.MaxDepth + 1)]
    private struct Blocks
    {
        private long _first;
    }

    [InlineArray(ExtExtentNode.MaxDepth + 1)]
    private struct Positions
    {
        private int _first;
    }
}
