using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>
/// Guests of every kind with the hardware that the conversion chooses for them, and the hosts that they are fitted to. The domain of each is the
/// file of its name in Domains/.
/// </summary>
internal static class DomainTable
{
    /// <summary>A host of today with KVM, OVMF and swtpm.</summary>
    public static HostCapabilities Today { get; } = new(HasKvm: true, HasUefi: true)
    {
        DomainTypes = ["kvm", "qemu"],
        DomainType = "kvm",
        HasMachine = true,
        MaximumCpus = 710,
        HasSecureBoot = true,
        CpuModes = ["host-passthrough", "maximum", "host-model", "custom"],
        TpmModels = ["tpm-tis", "tpm-crb"],
        VideoModels = ["vga", "cirrus", "qxl", "virtio", "bochs"],
        HyperVFeatures =
        [
            "relaxed", "vapic", "spinlocks", "vpindex", "runtime", "synic", "stimer", "reset", "vendor_id", "frequencies", "reenlightenment", "tlbflush",
            "ipi", "evmcs", "avic",
        ],
        HasFloppy = true,
        HasVsock = true,
    };

    private static Dictionary<string, DomainRow> Rows() => new()
    {
        ["debian-12-bios"] = Linux("debian", 12, VirtioDevices),
        ["debian-12-uefi"] = Linux("debian", 12, VirtioDevices, s => s with { Firmware = Firmware.Uefi }),
        ["debian-12-secure-boot-tpm"] = Linux("debian", 12, VirtioDevices, s => s with { Firmware = Firmware.Uefi, SecureBoot = true, HasTpm = true }),
        ["debian-12-scsi-20-disks"] = Linux("debian", 12, h => { VirtioDevices(h); h.DiskBus = DiskBus.VirtioScsi; }, disks: 20, bootDisk: 1),
        ["debian-12-256-cpus"] = Linux("debian", 12, VirtioDevices, s => s with { CpuCount = 256, CpuTopology = new CpuTopology(2, 64, 2), MemoryMiB = 1 << 20 }),
        ["debian-12-no-kvm"] = Linux("debian", 12, VirtioDevices) with { Host = Today with { DomainTypes = ["qemu"], DomainType = "qemu", HyperVFeatures = ["spinlocks", "vendor_id"], HasVsock = false } },
        ["debian-12-folder"] = Linux("debian", 12, VirtioDevices, s => s with { Firmware = Firmware.Uefi, HasTpm = true }) with { Host = HostCapabilities.Unknown },
        ["debian-12-volumes"] = Linux("debian", 12, VirtioDevices).With(d => d with
        {
            Disks =
            [
                new DomainDiskSource(ImageFormat.Raw, "/dev/vg0/web-sda") { IsBlockDevice = true },
                new DomainDiskSource(ImageFormat.Raw, null, "rbd", "web-sdb"),
            ],
            ReturnsSpace = false,
        }),
        ["rhel-9-uefi"] = Linux("rhel", 9, VirtioDevices, s => s with { Firmware = Firmware.Uefi, CpuCount = 8, CpuTopology = new CpuTopology(2, 4) }),
        ["rhel-7-transitional"] = Linux("rhel", 7, h => { VirtioDevices(h); (h.Virtio10, h.HasVsock) = (false, false); }),
        ["rhel-6-transitional-scsi"] = Linux("rhel", 6, h => (h.Virtio10, h.DiskBus, h.HasBalloon, h.HasRandomGenerator) = (false, DiskBus.VirtioScsi, true, true)),
        ["rhel-5-pc"] = Linux("rhel", 5, h => (h.Machine, h.Virtio10, h.HasBalloon) = ("pc", false, true), architecture: "i686"),
        ["rhel-4-pc-ide"] = Linux(
            "rhel", 4, h => (h.Machine, h.Virtio10, h.DiskBus, h.NetworkModel) = ("pc", false, DiskBus.Ide, NetworkModel.E1000),
            s => s with { RemovableDrives = [new(RemovableDriveKind.CdRom, DiskController.Ide, 2), new(RemovableDriveKind.Floppy, DiskController.Unknown, 0)], SoundModel = "es1370" },
            architecture: "i686"),
        ["sles-11-pc"] = Linux("sles", 11, h => (h.Machine, h.Virtio10, h.HasBalloon) = ("pc", false, true)),
        ["sles-15-uefi"] = Linux("sles", 15, VirtioDevices, s => s with { Firmware = Firmware.Uefi, RemovableDrives = [new(RemovableDriveKind.CdRom, DiskController.Sata, 0)] }),
        ["ubuntu-22-adapters"] = Linux(
            "ubuntu", 22, VirtioDevices,
            s => s with { NetworkAdapters = [new("52:54:00:00:00:01", "vmxnet3", "VM Network"), new("52:54:00:00:00:02", "vmxnet3", "Storage", IsConnected: false)] })
            .With(d => d with { Networks = [new DomainNetwork(true, "br0", "52:54:00:00:00:01"), new DomainNetwork(false, "storage", "52:54:00:00:00:02")] }),
        ["ubuntu-22-sata"] = Linux("ubuntu", 22, h => (h.DiskBus, h.NetworkModel) = (DiskBus.Sata, NetworkModel.E1000), disks: 8),
        ["alpine-3-direct-boot"] = Linux("alpine", 3, VirtioDevices)
            .With(d => d with { DirectBoot = new DomainDirectBoot("/images/web-vmlinuz", "/images/web-initrd", "root=/dev/vda1 modules=ext4") }),
        ["windows-xp-pc"] = Windows("xp", 5, 1, h => (h.Machine, h.DiskBus, h.NetworkModel) = ("pc", DiskBus.Ide, NetworkModel.Rtl8139), architecture: "i686"),
        ["windows-2003-pc-virtio"] = Windows("2k3r2", 5, 2, h => (h.Machine, h.HasBalloon) = ("pc", true)),
        ["windows-2003-host-without-cirrus"] = Windows("2k3r2", 5, 2, h => (h.Machine, h.HasBalloon) = ("pc", true)) with { Host = Today with { VideoModels = ["vga", "virtio"] } },
        ["windows-2008-sata"] = Windows("2k8", 6, 0, h => (h.DiskBus, h.NetworkModel) = (DiskBus.Sata, NetworkModel.E1000)),
        ["windows-7-virtio"] = Windows("win7", 6, 1, h => { VirtioDevices(h); h.HasVsock = false; }, s => s with { SoundModel = "ich6" }),
        ["windows-2012r2-uefi"] = Windows("2k12r2", 6, 3, h => { VirtioDevices(h); h.HasVsock = false; }, s => s with { Firmware = Firmware.Uefi }),
        ["windows-10-bios"] = Windows("10", 10, 0, VirtioDevices, s => s with { SoundModel = "ich9", RemovableDrives = [new(RemovableDriveKind.CdRom, DiskController.Ide, 2)] }),
        ["windows-10-old-libvirt"] = Windows("10", 10, 0, VirtioDevices) with { Host = Today with { HyperVFeatures = ["relaxed", "vapic", "spinlocks", "runtime", "stimer"], CpuModes = ["host-passthrough", "custom"] } },
        ["windows-10-uefi-scsi"] = Windows("10", 10, 0, h => { VirtioDevices(h); h.DiskBus = DiskBus.VirtioScsi; }, s => s with { Firmware = Firmware.Uefi }, disks: 3),
        ["windows-11-secure-boot-tpm"] = Windows("11", 10, 0, VirtioDevices, s => s with { Firmware = Firmware.Uefi, SecureBoot = true, HasTpm = true }),
        ["windows-11-poor-host"] = Windows("11", 10, 0, VirtioDevices, s => s with { Firmware = Firmware.Uefi, SecureBoot = true, HasTpm = true })
            with
        { Host = Today with { TpmModels = [], HasSecureBoot = false, HasVsock = false } },
        ["windows-2022-secure-boot"] = Windows(
            "2k22", 10, 0, VirtioDevices, s => s with { Firmware = Firmware.Uefi, SecureBoot = true, GenerationId = Guid.Parse("8c1d1f8e-5d14-4b67-9a3c-0c8f1e2d3b4a") }),
        ["as-is-pvscsi"] = AsIs(DiskBus.Pvscsi, NetworkModel.Vmxnet3, disks: 3),
        ["as-is-lsisas"] = AsIs(DiskBus.LsiSas, NetworkModel.E1000e, disks: 9),
        ["as-is-ide"] = AsIs(DiskBus.Ide, NetworkModel.Rtl8139, disks: 2),
    };

    public static IEnumerable<string> Names => Rows().Keys;

    /// <summary>A row of its own for each caller: fitting lowers the hardware.</summary>
    public static DomainRow Row(string name) => Rows()[name];

    private static void VirtioDevices(TargetHardware hardware) =>
        (hardware.HasBalloon, hardware.HasRandomGenerator, hardware.HasPanicDevice, hardware.HasVsock) = (true, true, true, true);

    private static DomainRow Linux(
        string distribution, int major, Action<TargetHardware> hardware, Func<SourceGuest, SourceGuest>? source = null, int disks = 1, int bootDisk = 0, string architecture = "x86_64")
    {
        var system = new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Linux,
            Distribution = distribution,
            ProductName = $"{distribution} {major}",
            MajorVersion = major,
            Architecture = architecture,
        };
        return Row(hardware, source, disks, system with { LibosinfoId = LibosinfoIds.Linux(system) }).With(d => d with { BootDiskIndex = bootDisk });
    }

    private static DomainRow Windows(
        string id, int major, int minor, Action<TargetHardware> hardware, Func<SourceGuest, SourceGuest>? source = null, int disks = 1, string architecture = "x86_64") =>
        Row(
            h => { h.ClockIsLocalTime = true; hardware(h); }, source, disks,
            SampleDomain.Windows with { MajorVersion = major, MinorVersion = minor, Architecture = architecture, LibosinfoId = $"http://microsoft.com/win/{id}" });

    private static DomainRow AsIs(DiskBus bus, NetworkModel network, int disks) =>
        Row(h => (h.Machine, h.DiskBus, h.NetworkModel) = (bus == DiskBus.Ide ? "pc" : "q35", bus, network), null, disks, null);

    private static DomainRow Row(Action<TargetHardware> hardware, Func<SourceGuest, SourceGuest>? source, int disks, OperatingSystemInfo? system)
    {
        var domain = SampleDomain.Create(hardware, source, disks);
        domain.Hardware.Firmware = domain.Source.Firmware ?? Firmware.Bios;
        return new DomainRow(domain with { OperatingSystem = system, Networks = [domain.Networks[0]] }, Today);
    }
}

/// <param name="Domain">Before it is fitted to a host.</param>
/// <param name="Host">The host.</param>
internal sealed record DomainRow(DomainDescription Domain, HostCapabilities Host)
{
    public DomainRow With(Func<DomainDescription, DomainDescription> change) => this with { Domain = change(Domain) };
}
