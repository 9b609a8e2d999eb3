using V2V.Engine.Disks.Mapping;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>A fixed VHD: the disk byte for byte, and the footer.</summary>
internal sealed class VhdFixedDisk(DiskFile file, VhdFooter footer) : FlatDevice(file, VhdDisk.Format, 0, footer.DiskSize), IVhdImage
{
    public BlockDevice Device => this;

    public Guid UniqueId => footer.UniqueId;

    public long? Allocated => File.Allocated();

    public DiskImageInfo Describe() => new("vhd", Length, Allocated, "fixed") { Concerns = VhdDisk.Concerns(File, footer) };
}
