using V2V.Engine.Inspection;
using V2V.Engine.Inspection.Windows;
using V2V.Engine.Sources;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Gives the guest the devices that it will have drivers for: virtio where the driver source or the guest has them, else what every Windows of its
/// age drives by itself.
/// </summary>
public sealed class ChooseWindowsHardware : WindowsStep
{
    private const int FirstWindows11Build = 22000;

    public override string Name => "Choosing virtual hardware";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var hardware = context.Hardware;
        var drivers = context.Drivers;
        hardware.Firmware = context.Guest.Firmware;
        hardware.ClockIsLocalTime = windows.ClockIsLocalTime;

        // The drivers for Windows know both interfaces; the older, transitional devices of "pc" and the modern ones of "q35".
        hardware.Virtio10 = true;
        hardware.DiskBus = DiskBus(context);
        hardware.Machine = Machine(context.Guest, hardware);
        hardware.NetworkModel = drivers.Has("netkvm") || drivers.Has("virtio_net") ? NetworkModel.Virtio : EmulatedAdapter(context.Guest.OperatingSystem);
        hardware.HasRandomGenerator = drivers.Has("viorng");
        hardware.HasBalloon = drivers.Has("balloon");
        hardware.HasPanicDevice = drivers.Has("pvpanic");
        hardware.HasVsock = drivers.Has("viosock");

        // Windows 11 is installed and updated on machines with a TPM 2.0 only, whose emulation needs UEFI to be of use.
        hardware.WantsTpm = hardware.Firmware == Firmware.Uefi && windows is { IsServer: false, BuildNumber: >= FirstWindows11Build };

        if (hardware.NetworkModel != NetworkModel.Virtio)
        {
            context.Add(new Concern(
                ConcernSeverity.Warning, "NoVirtioNetwork",
                $"There is no virtio network driver (netkvm) for {context.Guest.OperatingSystem.ProductName}, "
                + $"so the guest gets {hardware.NetworkModel.ToString().ToLowerInvariant()} adapters, which are slower."));
        }
    }

    private static DiskBus DiskBus(ConversionContext context)
    {
        var drivers = context.Drivers;
        if ((drivers.Storage?.Name ?? drivers.InstalledStorage(context.Options.BlockDriver.ToString())?.Name) is { } storage)
        {
            return StorageDriver.Of(storage).Bus;
        }

        // Windows drives AHCI controllers since Vista. Before, IDE is the one bus that needs nothing; UEFI machines have none.
        return context.Guest.OperatingSystem.MajorVersion >= 6 ? Conversion.DiskBus.Sata : Conversion.DiskBus.Ide;
    }

    /// <summary>q35 came after Windows XP and 2003, which have no driver for its chip set.</summary>
    private static string Machine(InspectedGuest guest, TargetHardware hardware) =>
        hardware.Firmware == Firmware.Bios && (guest.OperatingSystem.MajorVersion < 6 || hardware.DiskBus == Conversion.DiskBus.Ide) ? "pc" : "q35";

    /// <summary>The adapters that Windows has drivers for in the box: the 82574L since 8 and 2012, the 82540EM in Vista and 7, the RTL8139 before.</summary>
    private static NetworkModel EmulatedAdapter(OperatingSystemInfo system) => (system.MajorVersion, system.MinorVersion) switch
    {
        ( > 6, _) or (6, >= 2) => NetworkModel.E1000e,
        (6, _) => NetworkModel.E1000,
        _ => NetworkModel.Rtl8139,
    };
}
