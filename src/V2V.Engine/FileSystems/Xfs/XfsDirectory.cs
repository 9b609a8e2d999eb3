namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The names in a directory, in whichever form they are stored ("XFS Algorithms &amp; Data Structures", chapter Directories): within the
/// inode, in one block, in several with one leaf of hashes, or with a tree of hashes.
/// </summary>
internal sealed class XfsDirectory(XfsFork fork)
{
    private readonly XfsDirectoryLayout _layout = new(fork.Geometry);

    /// <summary>The inode that ".." stands for.</summary>
    public ulong Parent => Open().Lookup(".."u8)?.Inode ?? throw XfsErrors.Corrupt($"directory {fork.Owner} has no \"..\".");

    public bool IsEmpty => !Enumerate().Any();

    /// <summary>What a name stands for, or null.</summary>
    public XfsDirectoryEntry? Lookup(ReadOnlySpan<byte> name) => Open().Lookup(name);

    /// <summary>Every name but "." and "..", block by block.</summary>
    public IEnumerable<XfsDirectoryEntry> Enumerate() => Open().Enumerate();

    private XfsDirectoryForm Open()
    {
        if (fork.Format == XfsForkFormat.Local)
        {
            return new XfsDirectoryShortForm(fork, _layout);
        }

        var first = fork.Read(0, _layout.BlockCount, XfsDirectoryLayout.ChecksumOffset)
            ?? throw XfsErrors.Corrupt($"directory {fork.Owner} has no blocks.");
        if (new XfsDirectoryData(fork, _layout, 0, first).IsSingle)
        {
            return new XfsDirectorySingleBlock(fork, _layout);
        }

        var root = fork.Read(_layout.LeafStart, _layout.BlockCount, XfsDaBlock.ChecksumOffset)
            ?? throw XfsErrors.Corrupt($"directory {fork.Owner} has no hashes.");
        return new XfsDaBlock(fork, _layout.LeafStart, root).Kind == XfsDaBlockKind.DirectorySingleLeaf
            ? new XfsDirectorySingleLeaf(fork, _layout, root)
            : new XfsDirectoryTree(fork, _layout);
    }
}
