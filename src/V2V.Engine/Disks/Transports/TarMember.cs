namespace V2V.Engine.Disks.Transports;

/// <summary>A member of an uncompressed tar archive, read in its place: nothing is unpacked.</summary>
public sealed class TarMember : DiskFile
{
    private readonly HostFile _archive;
    private readonly TarEntry _entry;

    /// <param name="archive">The archive; disposed with the member.</param>
    /// <param name="entry">One of its entries.</param>
    internal TarMember(HostFile archive, TarEntry entry)
    {
        _archive = archive;
        _entry = entry;
    }

    public override string Path => $"{_archive.Path}!{_entry.Name}";

    public override long Length => _entry.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        _archive.Read(_entry.Offset + offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        foreach (DiskExtent extent in _archive.Extents(_entry.Offset + offset, length))
        {
            yield return extent with { Offset = extent.Offset - _entry.Offset };
        }
    }

    protected override void Dispose(bool disposing)
    {
        _archive.Dispose();
        base.Dispose(disposing);
    }
}
