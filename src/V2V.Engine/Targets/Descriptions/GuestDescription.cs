namespace V2V.Engine.Targets.Descriptions;

/// <summary>A file beside a guest's disks that describes it to a platform, or brings it there.</summary>
internal abstract class GuestDescription
{
    /// <summary>What follows the guest's name in the file's: ".xml", "-qm.sh".</summary>
    public abstract string Suffix { get; }

    public bool IsScript => Suffix.EndsWith(".sh", StringComparison.Ordinal);

    /// <summary>The files of a platform; the one that makes the rest of use comes last.</summary>
    public static IReadOnlyList<GuestDescription> For(GuestPlatform platform) => platform switch
    {
        GuestPlatform.Libvirt => [new QemuScript(), new LibvirtDomain()],
        GuestPlatform.KubeVirt => [new KubeVirtUpload(), new KubeVirtMachine()],
        GuestPlatform.OpenStack => [new OpenStackProperties(), new OpenStackScript()],
        GuestPlatform.Proxmox => [new ProxmoxScript()],
        _ => throw new ArgumentOutOfRangeException(nameof(platform), platform, null),
    };

    /// <summary>What the platform has against the name; known before anything else is.</summary>
    public virtual IEnumerable<Concern> CheckName(string name) => [];

    /// <summary>What of the guest the platform cannot have, or has otherwise.</summary>
    public virtual IEnumerable<Concern> Check(DomainDescription domain) => [];

    /// <summary>The file's content, with line feeds only.</summary>
    /// <exception cref="TargetException">The hardware asked for cannot be put into one machine.</exception>
    public abstract string Text(DomainDescription domain);

    /// <summary>Bytes as whole GiB, in which disks are sold: more rather than less.</summary>
    protected static long GiB(long bytes) => (bytes + (1L << 30) - 1) >> 30;

    /// <summary>The name of a disk's file, in whatever folder that is.</summary>
    protected static string FileName(DomainDiskSource disk) => Path.GetFileName(disk.Path ?? disk.Volume ?? "");
}
