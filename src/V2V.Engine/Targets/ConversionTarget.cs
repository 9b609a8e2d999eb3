using V2V.Engine.Targets.Images;
using V2V.Engine.Targets.Resume;

namespace V2V.Engine.Targets;

/// <summary>
/// Where converted guests go. Everything that it makes it remembers until <see cref="Define"/> has succeeded, so that
/// <see cref="RollBack"/> can remove it.
/// </summary>
public abstract class ConversionTarget : IDisposable
{
    /// <summary>What messages call it: a folder, "pool default at qemu:///system".</summary>
    public abstract string Description { get; }

    /// <summary>What the target's host offers to the usual machine.</summary>
    public abstract HostCapabilities Capabilities { get; }

    /// <summary>What the target's host offers to a machine.</summary>
    /// <param name="architecture">Of its processor, as QEMU names it: "x86_64".</param>
    /// <param name="machine">"q35", "pc".</param>
    public virtual HostCapabilities CapabilitiesFor(string architecture, string machine) => Capabilities;

    /// <summary>The format that disks get here when <paramref name="wanted"/> was asked for: not everything that holds disks holds every format.</summary>
    public virtual ImageFormat FormatFor(ImageFormat wanted) => wanted;

    /// <summary>
    /// Finds everything that would make the conversion fail, without writing: names taken, no space, no permission. Comes before the first
    /// <see cref="CreateDisk"/>, which replaces nothing unless the request allowed it.
    /// </summary>
    public abstract IReadOnlyList<Concern> Check(TargetRequest request);

    /// <summary>Whether disks are written to files of this host, so that a later run could go on with a copy that was cut off.</summary>
    internal virtual bool CanResume => false;

    /// <summary>Takes over what a run has left that was cut off, of which <see cref="CreateDisk"/> then is told for each disk.</summary>
    internal virtual void Resume(DeadCopy dead) => throw new InvalidOperationException($"{Description} cannot go on with a copy.");

    /// <summary>Leaves what is copied, as the end of the process would, to a run that goes on with it. There is nothing to roll back after this.</summary>
    internal virtual void KeepCopy() => throw new InvalidOperationException($"Nobody can go on with a copy into {Description}.");

    /// <summary>Creates the volume or file for one disk and opens it for writing.</summary>
    /// <exception cref="TargetException">It exists, or there is no room or permission.</exception>
    public abstract TargetDisk CreateDisk(TargetDiskRequest request);

    /// <summary>Defines the domain, if the request says so: the last thing that can fail. After it nothing is rolled back.</summary>
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

    /// <summary>Whether the domain is defined. If not, the disks are made and the domain's XML is returned.</summary>
    public bool DefinesDomain { get; init; } = true;

    /// <summary>The run whose copy will be taken up; its files are in nobody's way. Null for none.</summary>
    internal DeadCopy? Resumed { get; init; }

    /// <summary>The domain as it will be defined, its disks under the names that are asked for; null as long as it is not known.</summary>
    public DomainDescription? Domain { get; init; }
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
    ImageAllocation Allocation = ImageAllocation.Sparse)
{
    /// <summary>What there is of it already; null when it is made from the beginning.</summary>
    internal TakenCopy? Taken { get; init; }
}

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
public sealed record TargetDisk(ImageWriter Writer, DomainDiskSource Source)
{
    /// <summary>Where it is noted how far the disk's copy is; null when nobody could go on with it.</summary>
    internal string? CheckpointPath { get; init; }
}

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
/// <param name="Uuid">The domain's UUID; null when it was not defined.</param>
/// <param name="Xml">The XML as defined, or ready to be.</param>
/// <param name="XmlPath">Where the XML was written, for folder targets.</param>
public sealed record DefinedDomain(string Name, Guid? Uuid, string Xml, string? XmlPath)
{
    /// <summary>The files that describe the guest, for folder targets.</summary>
    public IReadOnlyList<string> Descriptions { get; init; } = [];

    /// <summary>What of the domain the target had to leave out.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];
}
