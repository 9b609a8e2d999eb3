namespace V2V.Engine.Disks.Vmdk;

/// <summary>An extent of type ZERO: it has no file and reads as zeros.</summary>
internal sealed class VmdkZeroExtent(long length) : BlockDevice
{
    public override long Length => length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        buffer.Clear();
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return length > 0 ? [new DiskExtent(offset, length, IsZero: true)] : [];
    }
}
