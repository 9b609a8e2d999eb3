using V2V.Engine.Conversion.Software;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine;

/// <summary>What the user decides about a conversion. Plain data: a profile stores these under a name.</summary>
public sealed record ConversionOptions
{
    /// <summary>Name of the converted guest; null keeps the source's.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// Which operating system to convert when the guest has several: "first", its number in the list that the error gives, "UUID=...",
    /// "LABEL=...", the /dev name or drive letter ("C:") that the guest has for its root, or the volume as messages name it ("disk 1, partition 2", "vg0/root").
    /// </summary>
    public string? Root { get; init; }

    public ImageFormat Format { get; init; } = ImageFormat.Qcow2;

    public ImageCompression Compression { get; init; } = ImageCompression.None;

    /// <summary>How much of the disks' space is taken at once. Metadata is for qcow2 only, and compression for sparse images only.</summary>
    public ImageAllocation Allocation { get; init; } = ImageAllocation.Sparse;

    /// <summary>Where adapters go.</summary>
    public IReadOnlyList<NetworkRule> NetworkRules { get; init; } = [];

    /// <summary>
    /// Change nothing inside the guest, and give it hardware that it drives already: the way for guests on file systems that cannot be written, or
    /// not even read. Such hardware is slower than virtio.
    /// </summary>
    public bool AsIs { get; init; }

    /// <summary>
    /// Where Windows guests get their virtio drivers: a virtio-win ISO image or a folder with its tree; null takes what the machine has installed
    /// (<see cref="Conversion.Windows.Drivers.DriverSource.FindInstalled"/>).
    /// </summary>
    public string? DriverSource { get; init; }

    /// <summary>Which of the storage drivers a Windows guest starts from.</summary>
    public StoragePreference BlockDriver { get; init; } = StoragePreference.Viostor;

    /// <summary>
    /// Convert a Windows guest also when there are no drivers for it, to hardware that Windows has drivers for: SATA or IDE disks and an Intel or
    /// Realtek network adapter, which are slower.
    /// </summary>
    public bool AllowNoDrivers { get; init; }

    /// <summary>Where packages for guests without virtio drivers come from; null for nowhere.</summary>
    public GuestSoftware? Software { get; init; }

    /// <summary>Folder for the overlay when it outgrows memory; null takes the system's.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>
    /// Ids of critical concerns that shall not stop the conversion, with * and ? for many: they stay in the report, as warnings. Only for those of
    /// which <see cref="ConcernKind.CanBeIgnored"/> is true.
    /// </summary>
    public IReadOnlyList<string> IgnoredConcerns { get; init; } = [];

    /// <summary>Replace volumes and a domain that already have these names.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Define the domain. If not, its disks are made, and the result has its XML.</summary>
    public bool DefinesDomain { get; init; } = true;

    /// <summary>Start the domain when it is defined. That it cannot be started is a concern, not a failure.</summary>
    public bool Start { get; init; }

    /// <summary>Have the domain started whenever its host is.</summary>
    public bool StartWithHost { get; init; }

    /// <summary>
    /// Copy a disk also when some of its sectors cannot be read: they become zeros, and a warning names them. What inspection and conversion read
    /// has to be readable.
    /// </summary>
    public bool IgnoreReadErrors { get; init; }

    /// <summary>Read every disk back from the target before the domain is defined, and compare it with the converted guest.</summary>
    public bool VerifyDisks { get; init; }

    /// <summary>
    /// Go on with the copy of a run of this guest to this target that was cut off, if its source is unchanged: what it had copied is read back from the target instead of the
    /// source. Copies of other guests that were cut off are left to be taken up. Where there is nothing to go on with, the copy starts from the beginning. A copy that fails or is
    /// cancelled after its first checkpoint is kept.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>How often it is noted how far a copy is, for <see cref="Resume"/>; zero for never.</summary>
    public TimeSpan CheckpointInterval { get; init; } = CopyCheckpoints.DefaultInterval;

    /// <summary>Number of threads that read, and number that write, during the copy; 0 lets the machine decide.</summary>
    public int CopyThreads { get; init; }
}

/// <summary>The virtio driver for the system disk, and with it the kind of disk.</summary>
public enum StoragePreference
{
    /// <summary>virtio-blk.</summary>
    Viostor,

    /// <summary>virtio-scsi.</summary>
    Vioscsi,
}
