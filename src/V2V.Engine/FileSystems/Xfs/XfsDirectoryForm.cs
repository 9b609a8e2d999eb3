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

    /// <summary>Adds a name that is not there yet; false, with nothing changed, when this form is too small for it.</summary>
    public abstract bool TryAdd(XfsDirectoryEntry entry);

    /// <summary>Lets a name stand for another inode; ".." too. False, with nothing changed, when this form is too small for its number.</summary>
    public abstract bool TryReplace(XfsDirectoryEntry entry);

    public abstract void Remove(ReadOnlySpan<byte> name);

    /// <summary>Brings the directory into the next larger form.</summary>
    public abstract void Grow();

    /// <summary>Brings the directory into the next smaller form, if that is large enough.</summary>
    public abstract bool TryShrink();

    protected GuestFileSystemException Vanished() => XfsErrors.Corrupt($"a name vanished from directory {Fork.Owner}.");
}
