using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>A disk in VMware's format: extents one after the other, and the parent that a snapshot builds upon.</summary>
internal sealed class VmdkDisk : JoinedDevice, IDiskImage
{
    public const string Format = "VMDK";

    public const string CloneAdvice = "Clone the disk with 'vmkfstools -i' or 'vmware-vdiskmanager -t 0', and convert the clone.";

    private readonly VmdkDescriptor _descriptor;
    private readonly BlockDevice? _parent;
    private readonly IReadOnlyList<VmdkExtent> _extents;
    private readonly string _path;

    public VmdkDisk(string path, VmdkDescriptor descriptor, IReadOnlyList<VmdkExtent> extents, BlockDevice? parent)
        : base(extents.Select(e => e.Device))
    {
        _path = path;
        _descriptor = descriptor;
        _extents = extents;
        _parent = parent;
    }

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

    private long Allocated => _extents.Sum(e => e.File?.Allocated() ?? 0) + ((_parent as VmdkDisk)?.Allocated ?? 0);

    protected override void Dispose(bool disposing)
    {
        _parent?.Dispose();
        base.Dispose(disposing);
    }
}

/// <param name="Device">A part of the disk.</param>
/// <param name="File">The file that holds it; null for an extent of zeros.</param>
/// <param name="WasNotClosed">Its header has the mark of an unclean shutdown.</param>
internal sealed record VmdkExtent(BlockDevice Device, DiskFile? File, bool WasNotClosed = false);
