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

    /// <summary>
    /// q35 has no IDE controller, and distributions from before its time were never tried on it: libosinfo's database lists it from RHEL 6 and
    /// SLES 12 on. Debian is known to run on it from version 4, as virt-v2v has it.
    /// </summary>
    private static string Machine(TargetHardware hardware, InspectedGuest guest)
    {
        if (hardware.Firmware == Firmware.Uefi)
        {
            return "q35";
        }

        var system = guest.OperatingSystem;
        var isOld = system.MajorVersion > 0 && system.MajorVersion < (LinuxFamilies.Of(system), system.Distribution) switch
        {
            (LinuxFamily.Debian, "debian") => 4,
            (LinuxFamily.RedHat, not ("fedora" or "amzn")) => 6,
            (LinuxFamily.Suse, "sles" or "sled" or "sles_sap") => 12,
            _ => 0,
        };
        return hardware.DiskBus == Conversion.DiskBus.Ide || isOld ? "pc" : hardware.Machine;
    }

    /// <summary>virtio_pci drives the interface of the virtio 1.0 specification since Linux 4.0 (virtio_pci_modern.c).</summary>
    private static bool KnowsVirtio10(string version) =>
        !int.TryParse(version.AsSpan(0, Math.Max(version.IndexOf('.'), 0)), NumberStyles.None, CultureInfo.InvariantCulture, out var major) || major >= 4;
}
