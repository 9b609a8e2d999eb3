namespace V2V.Engine.FileSystems.Xfs;

/// <summary>One of the ways in which a directory is stored; more names need a larger one.</summary>
internal abstract class XfsDirectoryForm(XfsFork fork, XfsDirectoryLayout layout)
{
    protected XfsFork Fork { get; } = fork;

    protected XfsDirectoryLayout Layout { get; } = layout;

    /// <summary>What a name stands for; ".." too.</summary>
    public abstract XfsDirectoryEntry? Lookup(ReadOnlySpan<byte> name);

    /// <summary>Every name but "." and "..".</summary>
    public abstract IEnumerable<XfsDirectoryEntry> Enumerate();
}
