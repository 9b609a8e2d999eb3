namespace V2V.Engine.Disks;

/// <summary>
/// A source disk that is no longer read once the run is cancelled. Whatever part of the work reads it (finding volumes, replaying a journal,
/// reading a package database, verifying) ends there, without asking for itself.
/// </summary>
/// <param name="disk">The disk; disposed with this.</param>
/// <param name="cancellation">Ends every read that is begun after it, with an <see cref="OperationCanceledException"/>.</param>
internal sealed class StoppableDisk(BlockDevice disk, CancellationToken cancellation) : BlockDevice
{
    public override long Length => disk.Length;

    internal override string? Version => disk.Version;

    public override void Read(long offset, Span<byte> buffer)
    {
        cancellation.ThrowIfCancellationRequested();
        disk.Read(offset, buffer);
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        foreach (var extent in disk.Extents(offset, length))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return extent;
        }
    }

    internal override StoredRun? Locate(long offset, long length) => disk.Locate(offset, length);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            disk.Dispose();
        }

        base.Dispose(disposing);
    }
}
