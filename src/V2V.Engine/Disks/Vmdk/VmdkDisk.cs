using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A disk in VMware's format: extents one after the other, and the parent that a snapshot builds upon.</summary>
internal sealed class VmdkDisk : BlockDevice, IDiskImage
{
    public const string Format = "VMDK";

    public const string CloneAdvice = "Clone the disk with 'vmkfstools -i' or 'vmware-vdiskmanager -t 0', and convert the clone.";

    private readonly VmdkDescriptor _descriptor;
    private readonly VmdkDisk? _parent;
    private readonly IReadOnlyList<VmdkExtent> _extents;
    private readonly string _path;

    public VmdkDisk(string path, VmdkDescriptor descriptor, IReadOnlyList<VmdkExtent> extents, VmdkDisk? parent)
    {
        _path = path;
        _descriptor = descriptor;
        _extents = extents;
        _parent = parent;
        Length = extents[^1].End;
    }

    public override long Length { get; }

    public BlockDevice Device => this;

    public uint? ContentId => _descriptor.ContentId;

    public static IDiskImage Open(DiskFile file, ImageChain chain) => VmdkOpener.Open(file, chain);

    public DiskImageInfo Describe()
    {
        var concerns = new List<Concern>();
        if (_extents.Any(e => e.WasNotClosed))
        {
            concerns.Add(new Concern(
                ConcernSeverity.Warning, "DiskNotClosed", $"'{_path}' was not closed properly by the software that wrote it last.",
                "Start the guest in VMware once and shut it down, or expect the state of a power failure."));
        }

        string detail = _parent is null ? _descriptor.CreateType : $"{_descriptor.CreateType}, snapshot";
        return new DiskImageInfo("vmdk", Length, Allocated, detail) { Concerns = concerns };
    }

    private long Allocated => _extents.Sum(e => e.File?.Allocated() ?? 0) + (_parent?.Allocated ?? 0);

    public override void Read(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        for (int i = buffer.Length > 0 ? Find(offset) : 0; buffer.Length > 0; i++)
        {
            VmdkExtent extent = _extents[i];
            int length = (int)Math.Min(buffer.Length, extent.End - offset);
            extent.Device.Read(offset - extent.Start, buffer[..length]);
            buffer = buffer[length..];
            offset += length;
        }
    }

    public override IEnumerable<DiskExtent> Extents(long offset, long length)
    {
        CheckRange(offset, length);
        return JoinedExtents(offset, offset + length).Merge();
    }

    private IEnumerable<DiskExtent> JoinedExtents(long offset, long end)
    {
        for (int i = offset < end ? Find(offset) : 0; offset < end; i++)
        {
            VmdkExtent extent = _extents[i];
            long stop = Math.Min(end, extent.End);
            foreach (DiskExtent run in extent.Device.Extents(offset - extent.Start, stop - offset))
            {
                yield return run with { Offset = run.Offset + extent.Start };
            }

            offset = stop;
        }
    }

    private int Find(long offset)
    {
        int low = 0;
        for (int high = _extents.Count - 1; low < high;)
        {
            int middle = (low + high) / 2;
            (low, high) = offset < _extents[middle].End ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    protected override void Dispose(bool disposing)
    {
        foreach (VmdkExtent extent in _extents)
        {
            extent.Device.Dispose();
        }

        _parent?.Dispose();
        base.Dispose(disposing);
    }
}

/// <param name="Start">First byte on the disk.</param>
/// <param name="Device">Its bytes.</param>
/// <param name="File">The file that holds them; null for an extent of zeros.</param>
/// <param name="WasNotClosed">Its header has the mark of an unclean shutdown.</param>
internal sealed record VmdkExtent(long Start, BlockDevice Device, DiskFile? File, bool WasNotClosed = false)
{
    public long End => Start + Device.Length;
}
