using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Makes a guest without virtio drivers start from SATA or IDE disks. Windows has the drivers, but starts only those at boot that the hardware
/// needed on which it was installed (support.microsoft.com, KB 922976 for AHCI and KB 314082 for IDE).
/// </summary>
public sealed class InBoxStorage : WindowsStep
{
    private const string Why = "Windows has to load the driver of its disk controller at boot; otherwise it stops with 0x7B.";

    private const string HdcClass = "{4D36E96A-E325-11CE-BFC1-08002BE10318}";

    public override string Name => "Making Windows start from emulated disks";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        switch (context.Hardware.DiskBus)
        {
            case DiskBus.Sata:
                // storahci drives AHCI controllers from Windows 8 on, msahci did in Vista and 7.
                var driver = context.Guest.OperatingSystem is { MajorVersion: 6, MinorVersion: < 2 } ? "msahci" : "storahci";
                Start(context, windows, driver, "SCSI Miniport");
                if (!windows.HasDriverDatabase)
                {
                    Bind(context, driver, "pci#cc_0106");
                }

                break;
            case DiskBus.Ide:
                StartIde(context, windows);
                break;
        }
    }

    /// <summary>
    /// The channels' driver, and that of the PIIX3 which QEMU's machine "pc" has, or the one for any chip set: XP and 2003 have only those on the disk
    /// that their hardware needed, the others in driver.cab.
    /// </summary>
    private static void StartIde(ConversionContext context, WindowsSystem windows)
    {
        string[] chipSet = [.. ((string[])["intelide", "pciide"]).Where(s => context.Guest.Root.FileExists(Program(windows, s)))];
        if (chipSet.Length == 0)
        {
            throw Missing(context, Program(windows, "intelide"));
        }

        foreach (var service in chipSet)
        {
            Start(context, windows, service, "System Bus Extender");
        }

        Start(context, windows, "atapi", "SCSI miniport");
        if (windows.HasDriverDatabase)
        {
            return;
        }

        Bind(context, chipSet[0], "pci#ven_8086&dev_7010");
        Bind(context, chipSet[^1], "pci#cc_0101");
        foreach (var channel in (ReadOnlySpan<string>)["primary_ide_channel", "secondary_ide_channel", "*pnp0600", "*azt0502"])
        {
            Bind(context, "atapi", channel);
        }
    }

    private static void Start(ConversionContext context, WindowsSystem windows, string service, string group)
    {
        if (!context.Guest.Root.FileExists(Program(windows, service)))
        {
            throw Missing(context, Program(windows, service));
        }

        foreach (var set in context.Registry.ControlSets)
        {
            var key = $@"{set}\Services\{service}";
            context.Registry.SetUInt32(key, "Start", 0, Why);
            context.Registry.Delete($@"{key}\StartOverride", "It would keep the driver from being started at boot on other hardware.");

            // Where Windows never had such a controller, XP and 2003 have no more of the service than that.
            if (context.Registry.FindValue(key, "ImagePath") is null)
            {
                context.Registry.SetUInt32(key, "Type", 1, Why);
                context.Registry.SetUInt32(key, "ErrorControl", 1, Why);
                context.Registry.SetString(key, "Group", group, Why);
                context.Registry.SetString(key, "ImagePath", $@"system32\drivers\{service}.sys", Why, RegistryValueKind.ExpandString);
            }
        }
    }

    private static string Program(WindowsSystem windows, string service) => $"{windows.SystemRoot}/System32/drivers/{service}.sys";

    private static ConversionException Missing(ConversionContext context, string file) =>
        new(V2VError.DriversMissing,
            $"{context.Guest.OperatingSystem.ProductName} would start from {(context.Hardware.DiskBus == DiskBus.Ide ? "IDE" : "SATA")} disks by its own driver, "
            + $"and that is missing: {context.Files.Display(file)}.")
        {
            Path = file,
            Advice = "Give virtio drivers with -DriverSource. Or have Windows install the driver before, by attaching a disk on such a controller; XP and 2003 have it in "
                + @"%SystemRoot%\Driver Cache.",
        };

    private static void Bind(ConversionContext context, string service, string id)
    {
        foreach (var set in context.Registry.ControlSets)
        {
            var key = $@"{set}\Control\CriticalDeviceDatabase\{id}";
            context.Registry.SetString(key, "Service", service, Why);
            context.Registry.SetString(key, "ClassGUID", HdcClass, Why);
        }
    }
}
