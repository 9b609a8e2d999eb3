using V2V.Engine.Targets.Images;

namespace V2V.Engine.Targets;

/// <summary>
/// Where converted guests go. Everything that it makes it remembers until <see cref="Define"/> has succeeded, so that
/// <see cref="RollBack"/> can remove it.
/// </summary>
public abstract class ConversionTarget : IDisposable
{
    /// <summary>What messages call it: a folder, "pool default at qemu:///system".</summary>
    public abstract string Description { get; }

    /// <summary>What the target's host offers, for the domain.</summary>
    public abstract HostCapabilities Capabilities { get; }

    /// <summary>The format that disks get here when <paramref name="wanted"/> was asked for: not everything that holds disks holds every format.</summary>
    public virtual ImageFormat FormatFor(ImageFormat wanted) => wanted;

    /// <summary>
    /// Finds everything that would make the conversion fail, without writing: names taken, no space, no permission. Comes before the first
    /// <see cref="CreateDisk"/>, which replaces nothing unless the request allowed it.
    /// </summary>
    public abstract IReadOnlyList<Concern> Check(TargetRequest request);

    /// <summary>Creates the volume or file for one disk and opens it for writing.</summary>
    /// <exception cref="TargetException">It exists, or there is no room or permission.</exception>
    public abstract TargetDisk CreateDisk(TargetDiskRequest request);

    /// <summary>Defines the domain: the last thing that a conversion does. After it nothing is rolled back.</summary>
    public abstract DefinedDomain Define(DomainDescription domain);

    /// <summary>Removes everything that was created and not defined. Never throws; what could not be removed is returned as concerns.</summary>
    public abstract IReadOnlyList<Concern> RollBack();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <param name="Name">Name of the domain.</param>
/// <param name="Disks">The disks that will be created.</param>
/// <param name="Overwrite">Replace an existing domain and volumes of these names.</param>
public sealed record TargetRequest(string Name, IReadOnlyList<TargetDiskRequest> Disks, bool Overwrite = false)
{
    /// <summary>The networks and bridges that the guest's adapters will be connected to.</summary>
    public IReadOnlyList<DomainNetwork> Networks { get; init; } = [];

    /// <summary>Memory of the domain; 0 before it is known.</summary>
    public long MemoryMiB { get; init; }

    /// <summary>CPUs of the domain; 0 before they are known.</summary>
    public int CpuCount { get; init; }
}

/// <param name="FileName">Name of the volume or file: "guest-sda.qcow2"-like, chosen by the conversion.</param>
/// <param name="Format">Image format.</param>
/// <param name="Capacity">Size that the guest sees, in bytes.</param>
/// <param name="EstimatedBytes">How many bytes will be written at the most.</param>
/// <param name="Compression">Compression of qcow2 clusters.</param>
/// <param name="Allocation">How much of the image's space is taken at once.</param>
public sealed record TargetDiskRequest(
    string FileName,
    ImageFormat Format,
    long Capacity,
    long EstimatedBytes,
    ImageCompression Compression = ImageCompression.None,
    ImageAllocation Allocation = ImageAllocation.Sparse);

public enum ImageFormat
{
    Qcow2,
    Raw,
}

public enum ImageCompression
{
    None,
    Zlib,
    Zstd,
}

/// <summary>How much of a disk's space an image takes before the guest uses it.</summary>
public enum ImageAllocation
{
    /// <summary>Only what holds data; the file grows with the guest's use.</summary>
    Sparse,

    /// <summary>The host file system has set aside every byte, so that the guest never runs out of it.</summary>
    Preallocated,

    /// <summary>qcow2 only: every cluster has its place and its table entry, but takes no space before it is written.</summary>
    Metadata,
}

/// <summary>A disk under construction on the target.</summary>
/// <param name="Writer">Takes the contents. It is the target's: the conversion completes it, but does not dispose it.</param>
/// <param name="Source">How the domain refers to it.</param>
public sealed record TargetDisk(ImageWriter Writer, DomainDiskSource Source);

/// <summary>What a domain's disk element refers to: a file, or a volume of a pool.</summary>
/// <param name="Format">Image format.</param>
/// <param name="Path">Full path on the target host; null if only pool and volume are known.</param>
/// <param name="Pool">Pool name, for libvirt targets.</param>
/// <param name="Volume">Volume name in the pool.</param>
public sealed record DomainDiskSource(ImageFormat Format, string? Path, string? Pool = null, string? Volume = null)
{
    /// <summary><see cref="Path"/> is a block device, not a file.</summary>
    public bool IsBlockDevice { get; init; }
}

/// <param name="Name">The domain's name.</param>
/// <param name="Uuid">The domain's UUID.</param>
/// <param name="Xml">The XML as defined.</param>
/// <param name="XmlPath">Where the XML was written, for folder targets.</param>
public sealed record DefinedDomain(string Name, Guid? Uuid, string Xml, string? XmlPath)
{
    /// <summary>What of the domain the target had to leave out.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];
}

/// <summary>What the host that will run the guest offers.</summary>
/// <param name="HasKvm">Hardware virtualisation is usable; null when nobody can tell (a folder).</param>
/// <param name="HasUefi">UEFI firmware is installed; null when nobody can tell.</param>
public sealed record HostCapabilities(bool? HasKvm, bool? HasUefi);
