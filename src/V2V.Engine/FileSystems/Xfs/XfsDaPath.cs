namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The way from the root of a hash tree to one of its leaves.</summary>
internal sealed class XfsDaPath
{
    private readonly HashSet<uint> _visited = [];
    private uint _leaf;

    /// <summary>The nodes passed, from the root down, each with the index of the child taken.</summary>
    public List<(uint Block, int Index)> Steps { get; } = [];

    /// <summary>Block of the leaf. Going to one a second time means a loop.</summary>
    public uint Leaf
    {
        get => _leaf;
        set => _leaf = _visited.Add(value) ? value : throw XfsErrors.Corrupt($"a hash tree refers twice to block {value}.");
    }

    /// <summary>The root is the leaf: there are no nodes.</summary>
    public bool IsRoot => Steps.Count == 0;
}
