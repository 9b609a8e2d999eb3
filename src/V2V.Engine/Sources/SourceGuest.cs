using V2V.Engine.Disks;

namespace V2V.Engine.Sources;

/// <summary>
/// A virtual machine as its descriptor tells it: plain data, found without reading more than descriptors and headers.
/// What it is made of can be opened again at any time with <see cref="SourceDisk.Open"/>.
/// </summary>
public sealed record SourceGuest
{
    public required string Name { get; init; }

    /// <summary>"VMX", "OVA", "OVF", "Libvirt", "LibvirtXml", "VirtualBox", "HyperV", "Vagrant", "XVA", "Disk".</summary>
    public required string SourceKind { get; init; }

    /// <summary>The descriptor's (or first disk's) full path.</summary>
    public required string Path { get; init; }

    /// <summary>"VMware", "VirtualBox", "Hyper-V", "Xen", "KVM", "Unknown".</summary>
    public string Hypervisor { get; init; } = "Unknown";

    public GuestState State { get; init; }

    public int CpuCount { get; init; } = 1;

    public CpuTopology? CpuTopology { get; init; }

    public long MemoryMiB { get; init; } = 2048;

    /// <summary>Null when the descriptor does not say; then the disks decide.</summary>
    public Firmware? Firmware { get; init; }

    public bool SecureBoot { get; init; }

    public bool HasTpm { get; init; }

    /// <summary>The descriptor's own word for the operating system, such as "debian12-64".</summary>
    public string? GuestOsHint { get; init; }

    public string? Annotation { get; init; }

    /// <summary>The id by which the source's firmware tables (SMBIOS) tell the guest from others.</summary>
    public Guid? Uuid { get; init; }

    /// <summary>VM generation id, for guests that watch it.</summary>
    public Guid? GenerationId { get; init; }

    /// <summary>The hardware clock keeps local time instead of UTC.</summary>
    public bool ClockIsLocalTime { get; init; }

    public string? SoundModel { get; init; }

    /// <summary>The descriptor's own word for the graphics card: "qxl", "vmsvga"; null when it does not tell.</summary>
    public string? VideoModel { get; init; }

    /// <summary>Where the guest's screen is shown; null when the descriptor does not tell.</summary>
    public SourceDisplay? Display { get; init; }

    /// <summary>How many snapshots the source has of the guest. They are not converted: what its disks hold now is.</summary>
    public int SnapshotCount { get; init; }

    public IReadOnlyList<SourceDisk> Disks { get; init => field = PlainList.Of(value); } = [];

    public IReadOnlyList<SourceNetworkAdapter> NetworkAdapters { get; init => field = PlainList.Of(value); } = [];

    public IReadOnlyList<RemovableDrive> RemovableDrives { get; init => field = PlainList.Of(value); } = [];

    /// <summary>What the descriptor's reader had to say: ignored devices, repaired values.</summary>
    public IReadOnlyList<Concern> Concerns { get; init => field = PlainList.Of(value); } = [];

    public override string ToString() => Name;
}

public enum Firmware
{
    Bios,
    Uefi,
}

public sealed record CpuTopology(int Sockets, int CoresPerSocket, int ThreadsPerCore = 1);

public enum DiskController
{
    Unknown,
    Ide,
    Scsi,
    Sata,
    Nvme,
    Virtio,
    VirtioScsi,
    Xen,
}

/// <summary>One fixed disk of a source guest.</summary>
public sealed record SourceDisk
{
    /// <summary>What is shown: a file path, "guest.ova!disk1.vmdk".</summary>
    public required string Path { get; init; }

    /// <summary>Format as probed: "raw", "vmdk", "qcow2".</summary>
    public required string Format { get; init; }

    /// <summary>Size that the guest sees, in bytes.</summary>
    public required long Capacity { get; init; }

    /// <summary>Bytes that the image takes at its place; null when that cannot be told.</summary>
    public long? Allocated { get; init; }

    public DiskController Controller { get; init; }

    /// <summary>The descriptor's name of the controller: "pvscsi", "lsilogic", "ahci".</summary>
    public string? ControllerModel { get; init; }

    /// <summary>
    /// The name that the guest's kernel gives the disk, where the hypervisor tells it (Xen): "xvda", or "xvda1" for one that the guest sees as
    /// a partition. Null where the kernel chooses itself.
    /// </summary>
    public string? GuestName { get; init; }

    /// <summary>The descriptor's name of the place that the disk is attached to, or of the disk: "scsi0:1", "vda".</summary>
    public string? Id { get; init; }

    /// <summary>Position on its controller; on IDE 0 and 1 are the first channel's.</summary>
    public int? Slot { get; init; }

    /// <summary>Its place in the order in which the firmware tries devices, from 1; null when the descriptor gives no such order.</summary>
    public int? BootOrder { get; init; }

    /// <summary>
    /// Opens the disk read-only. The caller disposes it. Called with the guest's own disk, chain and extents checked. Not public: what users see
    /// of a guest is data, which can be stored and shown.
    /// </summary>
    internal Func<BlockDevice> Open { get; init; } = () => throw new InvalidOperationException("Nobody has said how this disk is opened.");

    /// <summary>The digest that the package's manifest gives for the disk's file; null without a manifest.</summary>
    public SourceDigest? ExpectedDigest { get; init; }

    public override string ToString() => Path;
}

/// <param name="MacAddress">Lower-case with colons; null when the descriptor has none (OVF).</param>
/// <param name="Model">"vmxnet3", "e1000"; null when not told.</param>
/// <param name="Network">Name of the network or port group that it is connected to.</param>
/// <param name="IsBridge">True when <paramref name="Network"/> names a bridge rather than a virtual network.</param>
/// <param name="PciSlot">VMware's pciSlotNumber, which Linux turns into names such as ens192.</param>
/// <param name="IsConnected">False when the cable is out: the adapter is there, but without a link.</param>
public sealed record SourceNetworkAdapter(
    string? MacAddress, string? Model, string? Network, bool IsBridge = false, int? PciSlot = null, bool IsConnected = true);

public enum RemovableDriveKind
{
    CdRom,
    Floppy,
}

/// <param name="Kind">CD-ROM or floppy.</param>
/// <param name="Controller">Where it was attached.</param>
/// <param name="Slot">Position on that controller, if known.</param>
public sealed record RemovableDrive(RemovableDriveKind Kind, DiskController Controller, int? Slot = null);
