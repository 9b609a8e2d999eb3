namespace V2V.Engine.Disks;

/// <summary>A disk of which an image holds only what differs from another one (OVF's parentRef): what the image has no data for is the parent's.</summary>
/// <param name="delta">The image, of the same size; disposed with this.</param>
/// <param name="parent">The disk below; disposed with this.</param>
internal sealed class DeltaDisk(BlockDevice delta, BlockDevice parent) : BlockDevice
{
    public override long Length => delta.Length;

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        foreach (DiskExtent extent in delta.Extents(offset, buffer.Length))
        {
            Span<byte> part = buffer.Slice((int)(extent.Offset - offset), (int)extent.Length);
            if (!extent.IsZero)
            {
                delta.Read(extent.Offset, part);
            }
            else
            {
                int inParent = (int)Math.Clamp(parent.Length - extent.Offset, 0, part.Length);
                if (inParent > 0)
                {
                    parent.Read(extent.Offset, part[..inParent]);
                }

                part[inParent..].Clear();
            }
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return Merged(offset, length).Merge();
    }

    private IEnumerable<DiskExtent> Merged(long offset, long length)
    {
        foreach (DiskExtent extent in delta.Extents(offset, length))
        {
            if (!extent.IsZero)
            {
                yield return extent;
                continue;
            }

            long inParent = Math.Clamp(parent.Length - extent.Offset, 0, extent.Length);
            if (inParent > 0)
            {
                foreach (DiskExtent below in parent.Extents(extent.Offset, inParent))
                {
                    yield return below;
                }
            }

            if (inParent < extent.Length)
            {
                yield return new DiskExtent(extent.Offset + inParent, extent.Length - inParent, IsZero: true);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        delta.Dispose();
        parent.Dispose();
        base.Dispose(disposing);
    }
}
