using System.Globalization;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Linux;

/// <summary>
/// Gives the guest the best devices that its default kernel has drivers for. What was chosen before is only ever lowered, so a conversion
/// that was told to use SATA stays with it.
/// </summary>
public sealed class ChooseVirtualHardware : LinuxStep
{
    public override string Name => "Choosing virtual hardware";

    public override void Apply(ConversionContext context)
    {
        var hardware = context.Hardware;
        var kernel = context.Guest.Kernels.FirstOrDefault(k => k.IsDefault)
            ?? throw new ConversionException(V2VError.GuestUnsupported, "The guest has no kernel from which its drivers could be told.");

        hardware.Firmware = context.Guest.Firmware;
        hardware.Virtio10 = hardware.Virtio10 && KnowsVirtio10(kernel.Version);
        hardware.NetworkModel = NetworkModel(hardware.NetworkModel, kernel);
        hardware.DiskBus = DiskBus(hardware.DiskBus, kernel);
        hardware.Machine = Machine(hardware, context.Guest);

        var hasVirtio = kernel.Supports("virtio_pci");
        hardware.HasRandomGenerator = hasVirtio && kernel.Supports("virtio_rng");
        hardware.HasBalloon = hasVirtio && kernel.Supports("virtio_balloon");
        hardware.HasVsock = hasVirtio && kernel.Supports("vmw_vsock_virtio_transport");
        // Since Linux 5.13 the driver of the ISA device is a module of its own.
        hardware.HasPanicDevice = kernel.Supports("pvpanic_mmio") || kernel.Supports("pvpanic");

        if (hardware.DiskBus is Conversion.DiskBus.Sata or Conversion.DiskBus.Ide)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NoVirtioDisk",
                $"The kernel {kernel.Version} has no driver for virtio disks, so the guest gets {hardware.DiskBus.ToString().ToUpperInvariant()} ones, which are slower.",
                "Install a kernel with virtio_blk in the guest and change the domain's disk bus."));
        }

        if (hardware.NetworkModel != Conversion.NetworkModel.Virtio)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NoVirtioNetwork",
                $"The kernel {kernel.Version} has no driver for virtio adapters, so the guest gets {hardware.NetworkModel.ToString().ToLowerInvariant()} ones, which are slower."));
        }
    }

    private static DiskBus DiskBus(DiskBus wanted, InstalledKernel kernel)
    {
        bool Has(DiskBus bus) => bus switch
        {
            Conversion.DiskBus.Virtio => kernel.Supports("virtio_pci") && kernel.Supports("virtio_blk"),
            Conversion.DiskBus.VirtioScsi => kernel.Supports("virtio_pci") && kernel.Supports("virtio_scsi") && kernel.Supports("sd_mod"),
            Conversion.DiskBus.Sata => kernel.Supports("ahci") && kernel.Supports("sd_mod"),
            _ => true,
        };

        // IDE is last and needs no asking: the PIIX driver is in every kernel that a PC distribution ever shipped.
        return Enum.GetValues<DiskBus>().First(bus => bus >= wanted && Has(bus));
    }

    private static NetworkModel NetworkModel(NetworkModel wanted, InstalledKernel kernel)
    {
        bool Has(NetworkModel model) => model switch
        {
            Conversion.NetworkModel.Virtio => kernel.Supports("virtio_pci") && kernel.Supports("virtio_net"),
            Conversion.NetworkModel.E1000 => kernel.Supports("e1000"),
            _ => true,
        };

        return Enum.GetValues<NetworkModel>().First(model => model >= wanted && Has(model));
    }

    /// <summary>q35 has no IDE controller; distributions of before 2007 do not know its bridges either (virt-v2v's rule: Debian before 4).</summary>
    private static string Machine(TargetHardware hardware, InspectedGuest guest) =>
        hardware.Firmware == Firmware.Uefi ? "q35"
        : hardware.DiskBus == Conversion.DiskBus.Ide || guest.OperatingSystem is { Distribution: "debian", MajorVersion: > 0 and < 4 } ? "pc"
        : hardware.Machine;

    /// <summary>virtio_pci drives the interface of the virtio 1.0 specification since Linux 4.0 (virtio_pci_modern.c).</summary>
    private static bool KnowsVirtio10(string version) =>
        !int.TryParse(version.AsSpan(0, Math.Max(version.IndexOf('.'), 0)), NumberStyles.None, CultureInfo.InvariantCulture, out var major) || major >= 4;
}
