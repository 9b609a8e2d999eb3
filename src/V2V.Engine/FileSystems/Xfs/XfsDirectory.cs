namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The names in a directory, in whichever form they are stored ("XFS Algorithms &amp; Data Structures", chapter Directories): within the
/// inode, in one block, in several with one leaf of hashes, or with a tree of hashes.
/// </summary>
internal sealed class XfsDirectory(XfsFork fork)
{
    private readonly XfsDirectoryLayout _layout = new(fork.Geometry);

    /// <summary>The inode that ".." stands for.</summary>
    public ulong Parent
    {
        get => Open().Lookup(".."u8)?.Inode ?? throw XfsErrors.Corrupt($"directory {fork.Owner} has no \"..\".");
        set => Replace(".."u8, value, XfsDirectoryEntry.DirectoryType);
    }

    public bool IsEmpty => !Enumerate().Any();

    /// <summary>What a name stands for, or null.</summary>
    public XfsDirectoryEntry? Lookup(ReadOnlySpan<byte> name) => Open().Lookup(name);

    /// <summary>Every name but "." and "..", block by block.</summary>
    public IEnumerable<XfsDirectoryEntry> Enumerate() => Open().Enumerate();

    /// <summary>Makes a new inode's fork an empty directory.</summary>
    public static void Initialise(XfsFork fork, ulong parent) => XfsDirectoryShortForm.Save(fork, new XfsDirectoryLayout(fork.Geometry), parent, []);

    /// <summary>Adds a name of 1 to 255 bytes that is not there yet.</summary>
    /// <param name="name">Its bytes.</param>
    /// <param name="inode">The inode that it stands for.</param>
    /// <param name="fileType">XFS_DIR3_FT_*; not stored where the file system does not keep types.</param>
    /// <exception cref="GuestFileSystemException">There is no space for it.</exception>
    public void Add(ReadOnlySpan<byte> name, ulong inode, byte fileType)
    {
        var entry = new XfsDirectoryEntry(name.ToArray(), inode, fileType);
        for (var form = Open(); !form.TryAdd(entry); form = Open())
        {
            form.Grow();
        }
    }

    /// <summary>Removes a name that is there.</summary>
    public void Remove(ReadOnlySpan<byte> name)
    {
        Open().Remove(name);
        while (Open().TryShrink())
        {
        }
    }

    /// <summary>Lets a name that is there stand for another inode.</summary>
    public void Replace(ReadOnlySpan<byte> name, ulong inode, byte fileType)
    {
        var entry = new XfsDirectoryEntry(name.ToArray(), inode, fileType);
        for (var form = Open(); !form.TryReplace(entry); form = Open())
        {
            form.Grow();
        }
    }

    /// <summary>Gives a directory within the inode a block, so that its fork needs no more than the place of one extent.</summary>
    public void MoveOut()
    {
        if (fork.Format == XfsForkFormat.Local)
        {
            Open().Grow();
        }
    }

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
