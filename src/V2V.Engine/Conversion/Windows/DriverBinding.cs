using V2V.Engine.Inspection.Windows;
using V2V.Engine.Registry;

namespace V2V.Engine.Conversion.Windows;

/// <summary>
/// Tells Windows which service drives the disk controller that it is going to find, since it has to know before it can install drivers. Up to
/// Windows 7 and 2008 R2 that is the list of critical devices; from 8 and 2012 on a driver package in the driver database, of which there is no
/// more than its entry there.
/// </summary>
internal static class DriverBinding
{
    /// <summary>The name that other conversion tools give the package, too, so that it is known to those who look after them.</summary>
    private const string Inf = "guestor.inf";

    private const string Configuration = "guestor_conf";

    private const string Why = "Binds the disk controllers that QEMU makes, transitional and modern, to the driver.";

    /// <summary>Of SCSIAdapter, the setup class of storage controllers.</summary>
    private static readonly Guid StorageClass = new("4D36E97B-E325-11CE-BFC1-08002BE10318");

    public static void Write(ConversionContext context, WindowsSystem windows, StorageDriver driver, string service)
    {
        if (windows.HasDriverDatabase)
        {
            WriteDriverDatabase(context, driver, service);
        }
        else
        {
            WriteCriticalDevices(context, driver, service);
        }
    }

    /// <summary>
    /// CriticalDeviceDatabase, whose keys are hardware and compatible ids with '#' for '\'. Windows 2000 to 7 look up each id of a device, the longest
    /// first; all of them are written, since a shorter one may be there for another driver.
    /// </summary>
    private static void WriteCriticalDevices(ConversionContext context, StorageDriver driver, string service)
    {
        foreach (var set in context.Registry.ControlSets)
        {
            foreach (var id in driver.DeviceIds.Concat(driver.OtherDeviceIds))
            {
                // Windows' own entries are in lower case; keys are found in any.
                var key = $@"{set}\Control\CriticalDeviceDatabase\pci#{id.ToLowerInvariant()}";
                context.Registry.SetString(key, "Service", service, Why);
                context.Registry.SetString(key, "ClassGUID", StorageClass.ToString("B").ToUpperInvariant(), Why);
            }
        }
    }

    /// <summary>
    /// The entries that installing a package makes: the INF file, the package with its class, configuration and descriptors, and the ids that lead to
    /// it. Without Version, Windows 10 and 2016 reject the package when they resolve the device (0xE0000228, no driver).
    /// </summary>
    private static void WriteDriverDatabase(ConversionContext context, StorageDriver driver, string service)
    {
        var registry = context.Registry;
        var package = $"{Inf}_{Architecture(context.Guest.OperatingSystem.Architecture)}_0000000000000000";
        var files = $@"{RegistryPaths.DriverDatabase}\DriverInfFiles\{Inf}";
        registry.SetStrings(files, "", [package], Why);
        registry.SetString(files, "Active", package, Why);
        registry.SetStrings(files, "Configurations", [Configuration], Why);

        var packages = $@"{RegistryPaths.DriverDatabase}\DriverPackages\{package}";
        registry.Set(packages, "Version", RegistryValueKind.Binary, PackageVersion(), Why);
        registry.SetUInt32($@"{packages}\Configurations\{Configuration}", "ConfigFlags", 0, Why);
        registry.SetString($@"{packages}\Configurations\{Configuration}", "Service", service, Why);
        foreach (var id in driver.DeviceIds)
        {
            registry.Set($@"{RegistryPaths.DriverDatabase}\DeviceIds\PCI\{id}", Inf, RegistryValueKind.Binary, [0x01, 0xFF, 0x00, 0x00], Why);
            registry.SetString($@"{packages}\Descriptors\PCI\{id}", "Configuration", Configuration, Why);
        }
    }

    /// <summary>48 bytes: flags, the class, and date and version of the driver, which stay empty.</summary>
    private static byte[] PackageVersion()
    {
        var data = new byte[48];
        ((ReadOnlySpan<byte>)[0x00, 0xFF, 0x09, 0x00]).CopyTo(data);
        StorageClass.TryWriteBytes(data.AsSpan(8));
        return data;
    }

    private static string Architecture(string architecture) => architecture switch
    {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        _ => "x86",
    };
}
