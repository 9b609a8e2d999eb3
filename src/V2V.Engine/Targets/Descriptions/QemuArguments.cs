using V2V.Engine.Conversion;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;

namespace V2V.Engine.Targets.Descriptions;

/// <summary>
/// The arguments of QEMU for a guest, as words of a shell script that has set $here (its folder, escaped), $machine, $accel, $cpu and $net0...
/// Devices are on QEMU's root bus, where virtio devices speak both the legacy and the 1.0 interface.
/// </summary>
internal static class QemuArguments
{
    /// <summary>The host bus has 32 places, of which a machine with many disks needs more: eight of these are one place's functions then.</summary>
    private const int DisksWithOwnSlot = 8;
    private const int FirstSharedSlot = 0x10;

    /// <summary>Ports of the SATA controller in q35, and of each that is added.</summary>
    private const int PortsOfSata = 6;

    /// <summary>Units of a narrow SCSI bus, as libvirt fills them.</summary>
    private const int UnitsOfScsi = 7;

    public static IEnumerable<string> Build(DomainDescription domain) =>
    [
        "-nodefaults -no-user-config",
        $"-name {ShellText.Quote($"guest={Escape(domain.Name)}")}",
        "-machine \"$machine\" -accel \"$accel\" -cpu \"$cpu\"",
        Invariant($"-smp {Processors(domain)} -m {domain.Source.MemoryMiB}M"),
        $"-rtc base={(domain.Hardware.ClockIsLocalTime ? "localtime" : "utc")},driftfix=slew",
        .. domain.Source.GenerationId is { } id ? [$"-device vmgenid,guid={id:D}"] : Array.Empty<string>(),
        Video(domain),
        .. Usb(domain),
        .. DirectBoot(domain),
        .. Disks(domain),
        .. CdRoms(domain),
        .. domain.Networks.Select((n, i) => Invariant($"-netdev \"$net{i}\" -device {Adapter(domain.Hardware.NetworkModel)},netdev=net{i},mac={ShellText.Quote(n.MacAddress)}")),
        .. Optional(domain),
    ];

    /// <summary>Text in an option of QEMU, where a comma would end it.</summary>
    public static string Escape(string text) => text.Replace(",", ",,", StringComparison.Ordinal);

    /// <summary>What is added to the processor for Windows, as in <see cref="DomainXml"/>; "" for others.</summary>
    public static string HyperV(DomainDescription domain) =>
        !DomainXml.IsWindows(domain) || DomainXml.IsWindowsBefore(domain, 6, 0) ? ""
        : ",hv-relaxed,hv-vapic,hv-spinlocks=0x1fff,hv-time"
            + (DomainXml.IsWindowsBefore(domain, 6, 1) ? "" : ",hv-vpindex,hv-runtime,hv-synic,hv-stimer,hv-stimer-direct,hv-frequencies,hv-tlbflush,hv-ipi");

    private static string Processors(DomainDescription domain) => domain.CpuTopology is { } t
        ? Invariant($"{domain.Source.CpuCount},sockets={t.Sockets},cores={t.CoresPerSocket},threads={t.ThreadsPerCore}")
        : Invariant($"{domain.Source.CpuCount}");

    private static string Video(DomainDescription domain) => DomainDevices.VideoModel(domain) switch
    {
        "virtio" => "-device virtio-gpu-pci",
        "cirrus" => "-device cirrus-vga",
        _ => "-device VGA",
    };

    /// <summary>Windows before 8 has no driver for xHCI; -usb is what the machine's chip set has.</summary>
    private static IEnumerable<string> Usb(DomainDescription domain)
    {
        yield return domain.Hardware.IsPc || DomainXml.IsWindowsBefore(domain, 6, 2) ? "-usb" : "-device qemu-xhci";
        yield return "-device usb-tablet" + (DomainXml.IsX86(domain) ? "" : " -device usb-kbd");
    }

    private static IEnumerable<string> DirectBoot(DomainDescription domain)
    {
        if (domain.DirectBoot is { } boot)
        {
            yield return $"-kernel \"$dir\"{ShellText.Quote($"/{Path.GetFileName(boot.Kernel)}")}";
            if (boot.Initramfs is not null)
            {
                yield return $"-initrd \"$dir\"{ShellText.Quote($"/{Path.GetFileName(boot.Initramfs)}")}";
            }

            yield return $"-append {ShellText.Quote(boot.CommandLine)}";
        }
    }

    private static IEnumerable<string> Disks(DomainDescription domain)
    {
        var bus = domain.Hardware.DiskBus;
        if (bus == DiskBus.Ide && !IsPc(domain))
        {
            bus = DiskBus.Sata;
        }

        for (var i = 0; i < domain.Disks.Count; i++)
        {
            foreach (var controller in Controllers(domain, bus, i))
            {
                yield return controller;
            }

            var disk = domain.Disks[i];
            var file = ShellText.Quote(Invariant(
                $"/{Escape(Path.GetFileName(disk.Path!))},if=none,id=disk{i},format={(disk.Format == ImageFormat.Qcow2 ? "qcow2" : "raw")},discard=unmap"));
            yield return Invariant($"-drive \"file=$here\"{file} -device {Place(domain, bus, i)},drive=disk{i},bootindex={domain.BootOrder(i)}");
        }
    }

    /// <summary>Controllers that have to be there before a disk is.</summary>
    private static IEnumerable<string> Controllers(DomainDescription domain, DiskBus bus, int disk)
    {
        switch (bus)
        {
            case DiskBus.VirtioScsi when disk == 0:
                yield return "-device virtio-scsi-pci,id=scsi0";
                break;
            case DiskBus.Pvscsi or DiskBus.LsiSas when disk % UnitsOfScsi == 0:
                yield return Invariant($"-device {(bus == DiskBus.Pvscsi ? "pvscsi" : "mptsas1068")},id=scsi{disk / UnitsOfScsi}");
                break;
            case DiskBus.Sata when disk % PortsOfSata == 0 && !(disk == 0 && HasBuiltInSata(domain)):
                yield return Invariant($"-device ich9-ahci,id=ahci{disk / PortsOfSata}");
                break;
        }
    }

    private static string Place(DomainDescription domain, DiskBus bus, int disk) => bus switch
    {
        DiskBus.Virtio when domain.Disks.Count > DisksWithOwnSlot =>
            Invariant($"virtio-blk-pci,addr={FirstSharedSlot + (disk / 8):x}.{disk % 8},multifunction=on"),
        DiskBus.Virtio => "virtio-blk-pci",
        DiskBus.VirtioScsi => Invariant($"scsi-hd,bus=scsi0.0,scsi-id={disk}"),
        DiskBus.Pvscsi or DiskBus.LsiSas => Invariant($"scsi-hd,bus=scsi{disk / UnitsOfScsi}.0,scsi-id={disk % UnitsOfScsi}"),
        DiskBus.Ide => Invariant($"ide-hd,bus=ide.{disk / 2},unit={disk % 2}"),
        _ => $"ide-hd,bus={SataPort(domain, disk)}",
    };

    private static string SataPort(DomainDescription domain, int port) =>
        port < PortsOfSata && HasBuiltInSata(domain) ? Invariant($"ide.{port}") : Invariant($"ahci{port / PortsOfSata}.{port % PortsOfSata}");

    /// <summary>Empty drives on what the machine has anyway, behind the disks there.</summary>
    private static IEnumerable<string> CdRoms(DomainDescription domain)
    {
        var shares = IsPc(domain) ? domain.Hardware.DiskBus == DiskBus.Ide : domain.Hardware.DiskBus is DiskBus.Ide or DiskBus.Sata;
        var taken = shares ? domain.Disks.Count : 0;
        var count = domain.Source.RemovableDrives.Count(d => d.Kind == RemovableDriveKind.CdRom);
        return !IsPc(domain) && !HasBuiltInSata(domain) ? []
            : Enumerable.Range(taken, Math.Max(0, Math.Min(count, (IsPc(domain) ? 4 : PortsOfSata) - taken)))
                .Select(slot => IsPc(domain) ? Invariant($"-device ide-cd,bus=ide.{slot / 2},unit={slot % 2}") : Invariant($"-device ide-cd,bus=ide.{slot}"));
    }

    private static string Adapter(NetworkModel model) => model switch
    {
        NetworkModel.Virtio => "virtio-net-pci",
        NetworkModel.E1000 => "e1000",
        NetworkModel.E1000e => "e1000e",
        NetworkModel.Vmxnet3 => "vmxnet3",
        _ => "rtl8139",
    };

    private static IEnumerable<string> Optional(DomainDescription domain)
    {
        if (domain.Hardware.HasRandomGenerator)
        {
            yield return "-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0";
        }

        if (domain.Hardware.HasBalloon)
        {
            yield return "-device virtio-balloon-pci";
        }

        if (domain.Hardware.HasPanicDevice && DomainXml.IsX86(domain))
        {
            yield return "-device pvpanic";
        }
    }

    private static bool IsPc(DomainDescription domain) => DomainXml.IsX86(domain) && domain.Hardware.IsPc;

    private static bool HasBuiltInSata(DomainDescription domain) =>
        DomainXml.IsX86(domain) && domain.Hardware.IsQ35;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
