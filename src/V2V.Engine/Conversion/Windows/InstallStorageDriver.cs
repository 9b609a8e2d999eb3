using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Makes Windows start from virtio disks: the driver's program where the boot loader reads it, a service that is started at boot, and the binding
/// of both devices that QEMU makes (transitional and modern) to it. A guest that has the driver already keeps its own if that is newer.
/// </summary>
public sealed class InstallStorageDriver : WindowsStep
{
    private const string Why = "Windows starts from virtio disks only with a driver that it loads at boot; otherwise it stops with 0x7B.";

    public override string Name => "Installing the virtio storage driver";

    protected override void Apply(ConversionContext context, WindowsSystem windows)
    {
        var drivers = context.Drivers;
        var preferred = drivers.Storage?.Name ?? context.Options.BlockDriver.ToString();
        var installed = drivers.Storage is null ? drivers.InstalledStorage(preferred) : drivers.FindInstalled(drivers.Storage.Name);
        var package = drivers.Storage;
        if (package?.Driver is null && installed is null)
        {
            return;
        }

        if (installed is not null && (package?.Driver is null || IsNewer(context, installed)))
        {
            foreach (var set in context.Registry.ControlSets)
            {
                StartAtBoot(context.Registry, $@"{set}\Services\{installed.Service}");
            }

            DriverBinding.Write(context, windows, StorageDriver.Of(installed.Name), installed.Service);
            return;
        }

        var program = package!.Driver!.Name.ToLowerInvariant();
        context.Files.WriteNewFile(
            $"{windows.SystemRoot}/System32/drivers/{program}", drivers.Source!.Read(package.Driver),
            installed is null ? $"{package} from {package.Directory}" : $"{package} from {package.Directory}, was {installed}", Why);

        foreach (var set in context.Registry.ControlSets)
        {
            var key = $@"{set}\Services\{package.ServiceName}";
            WriteService(context.Registry, key, program);
            WriteParameters(context.Registry, key, StorageDriver.Of(package.Name));
        }

        DriverBinding.Write(context, windows, StorageDriver.Of(package.Name), package.ServiceName);
    }

    private static void WriteService(RegistryEditor registry, string key, string program)
    {
        registry.SetUInt32(key, "Type", 1, Why);
        StartAtBoot(registry, key);
        registry.SetString(key, "Group", "SCSI miniport", Why);
        registry.SetUInt32(key, "ErrorControl", 1, Why);
        registry.SetString(key, "ImagePath", $@"system32\drivers\{program}", Why, RegistryValueKind.ExpandString);
    }

    /// <summary>Start as a boot driver, without what Windows 8 and later note to override that when a driver was not needed on the old hardware.</summary>
    private static void StartAtBoot(RegistryEditor registry, string key)
    {
        registry.SetUInt32(key, "Start", 0, Why);
        registry.Delete($@"{key}\StartOverride", "It would keep the driver from being started at boot on other hardware.");
    }

    /// <summary>What the driver's INF file writes for the storage port, which asks for it before Windows can install that.</summary>
    private static void WriteParameters(RegistryEditor registry, string key, StorageDriver driver)
    {
        const string Reason = "As the driver's INF file has it: the kind of bus, and that it is a Plug and Play driver for PCI.";
        registry.SetUInt32($@"{key}\Parameters", "BusType", driver.BusType, Reason);
        registry.SetUInt32($@"{key}\Parameters\PnpInterface", "5", 1, Reason);
    }

    /// <summary>Whether the guest's own driver is to be kept rather than replaced by the source's.</summary>
    private static bool IsNewer(ConversionContext context, InstalledDriver installed)
    {
        var package = context.Drivers.Storage!;
        if (!Version.TryParse(package.Inf.Version, out var offered) || installed.Version is not { } present || present < offered)
        {
            return false;
        }

        if (present > offered)
        {
            context.Add(new Concern(
                ConcernSeverity.Information, "NewerDriverKept",
                $"The guest has {installed}, which is newer than {package} in {context.Drivers.Source!.Description}: its own stays."));
        }

        return true;
    }
}
