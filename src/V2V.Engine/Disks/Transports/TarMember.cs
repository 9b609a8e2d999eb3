namespace V2V.Engine.Disks.Transports;

/// <summary>A member of an uncompressed tar archive, read in its place: nothing is unpacked.</summary>
/// <param name="archive">The archive; disposed with the member.</param>
/// <param name="entry">One of its entries.</param>
/// <param name="store">The archive's files, which the member may name.</param>
internal sealed class TarMember(DiskFile archive, TarEntry entry, TarStore store) : DiskFile
{
    public override string Path => store.PathOf(entry.Name);

    public override FileStore? Store => store;

    public override string Name => entry.Name;

    public override long Length => entry.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        archive.Read(entry.Offset + offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        foreach (DiskExtent extent in archive.Extents(entry.Offset + offset, length))
        {
            yield return extent with { Offset = extent.Offset - entry.Offset };
        }
    }

    protected override void Dispose(bool disposing)
    {
        archive.Dispose();
        base.Dispose(disposing);
    }
}
