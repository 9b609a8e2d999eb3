using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine.Targets;

/// <summary>All that goes into a libvirt domain, as data.</summary>
public sealed record DomainDescription
{
    public required string Name { get; init; }

    public required SourceGuest Source { get; init; }

    public required TargetHardware Hardware { get; init; }

    public OperatingSystemInfo? OperatingSystem { get; init; }

    public required IReadOnlyList<DomainDiskSource> Disks { get; init; }

    /// <summary>Zero-based index of the disk that boots; it gets boot order 1.</summary>
    public int BootDiskIndex { get; init; }

    /// <summary>The guest's sockets, cores and threads; null when they are not told, or do not make up its number of CPUs.</summary>
    internal CpuTopology? CpuTopology =>
        Source.CpuTopology is { } t && (long)t.Sockets * t.CoresPerSocket * t.ThreadsPerCore == Source.CpuCount ? t : null;

    /// <summary>The place of a disk when the firmware looks for one to start, from 1: the one with the boot loader first, the others after it in their own order.</summary>
    internal int BootOrder(int disk) => disk == BootDiskIndex ? 1 : disk < BootDiskIndex ? disk + 2 : disk + 1;

    /// <summary>What starts in place of the disks' boot loader; null when they have one.</summary>
    public DomainDirectBoot? DirectBoot { get; init; }

    /// <summary>Where each adapter of the source is connected, in its order.</summary>
    public required IReadOnlyList<DomainNetwork> Networks { get; init; }

    /// <summary>"kvm" or "qemu".</summary>
    public string DomainType { get; init; } = "kvm";

    /// <summary>The host's QEMU has floppy drives for this machine; without them the source's are left out.</summary>
    public bool HasFloppyController { get; init; }

    /// <summary>What the guest frees on its disks goes back to the host. Not for disks whose space was set aside.</summary>
    public bool ReturnsSpace { get; init; } = true;

    /// <summary>The host that the domain was fitted to.</summary>
    public HostCapabilities Host { get; init; } = HostCapabilities.Unknown;
}

/// <param name="IsBridge">A host bridge rather than a libvirt network.</param>
/// <param name="Name">Its name.</param>
/// <param name="MacAddress">Address of the adapter, lower-case with colons.</param>
public sealed record DomainNetwork(bool IsBridge, string Name, string MacAddress);

/// <param name="Kernel">Path of the kernel on the target host.</param>
/// <param name="Initramfs">Path of its initramfs; null when it has none.</param>
/// <param name="CommandLine">The kernel's arguments.</param>
public sealed record DomainDirectBoot(string Kernel, string? Initramfs, string CommandLine);
