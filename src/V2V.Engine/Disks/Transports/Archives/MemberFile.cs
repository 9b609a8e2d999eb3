namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A member of an archive that is stored as it is, read in its place.</summary>
/// <param name="archive">The archive; disposed with the member.</param>
/// <param name="store">The archive's files, which the member may name.</param>
/// <param name="name">The member's name.</param>
/// <param name="start">Where its bytes start in the archive.</param>
/// <param name="length">Its size.</param>
internal sealed class MemberFile(DiskFile archive, FileStore store, string name, long start, long length) : DiskFile
{
    public override string Path => store.PathOf(name);

    public override FileStore? Store => store;

    public override string Name => name;

    public override long Length => length;

    public override bool IsPacked => archive.IsPacked;

    internal override string? Version => archive.Version is { } version ? $"{name} in {version}" : null;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        archive.Read(start + offset, buffer);
    }

    public override void CheckWhole() => archive.CheckWhole();

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        foreach (DiskExtent extent in archive.Extents(start + offset, length))
        {
            yield return extent with { Offset = extent.Offset - start };
        }
    }

    /// <summary>How much of a compressed archive a member takes is not known without unpacking it.</summary>
    internal override long Allocated() => IsPacked ? length : base.Allocated();

    protected override void Dispose(bool disposing)
    {
        archive.Dispose();
        base.Dispose(disposing);
    }
}
