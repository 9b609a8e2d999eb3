using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.Registry;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;

namespace V2V.Engine.Tests.Conversion.Windows.FirstBoot;

/// <summary>What the guests of these tests have in common.</summary>
internal static class FirstBootGuests
{
    public const string OldAdapter = "{0A1B2C3D-0000-4000-8000-00505600AA01}";

    /// <summary>As "route print" writes a MAC address.</summary>
    public static string MacAsRoutePrintsIt { get; } = PhonyGuest.Mac1.Replace(':', ' ');

    /// <summary>The steps that prepare the first boot, without those that install what it needs to start.</summary>
    public static ConversionStep[] Steps { get; } =
    [
        new ChooseDrivers(), new ChooseWindowsHardware(), new StageDrivers(), new InstallDriversAtFirstBoot(), new InstallGuestTools(),
        new BringDataDisksOnline(), new KeepStaticAddresses(), new UninstallHypervisorTools(), new InstallFirstBootRunner(),
    ];

    /// <summary>Two addresses, a gateway, two name servers and a suffix on a VMXNET3 adapter.</summary>
    public static WindowsGuest WithStaticAddresses(this WindowsGuest guest) => guest.Edit((system, _) =>
    {
        var set = system.Create("ControlSet001");
        var driver = set.Create(@"Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0007");
        driver.SetString("NetCfgInstanceId", OldAdapter);
        driver.SetString("DriverDesc", "vmxnet3 Ethernet Adapter");
        driver.SetString("ComponentId", @"pci\ven_15ad&dev_07b0");
        driver.SetString("DeviceInstanceID", @"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000" + "0100AAFE00");
        driver.SetUInt32("Characteristics", 0x84);
        var tcp = set.Create($@"Services\Tcpip\Parameters\Interfaces\{OldAdapter}");
        tcp.SetUInt32("EnableDHCP", 0);
        tcp.SetStrings("IPAddress", ["192.0.2.7", "198.51.100.7"]);
        tcp.SetStrings("SubnetMask", ["255.255.255.0", "255.255.254.0"]);
        tcp.SetStrings("DefaultGateway", ["192.0.2.1"]);
        tcp.SetString("NameServer", "192.0.2.53,192.0.2.54");
        tcp.SetString("Domain", "corp.example");
    });

    public static WindowsGuest WithVMwareTools(this WindowsGuest guest) => guest.Edit((_, software) =>
    {
        var key = software.Create(@"Microsoft\Windows\CurrentVersion\Uninstall\{2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F}");
        key.SetString("DisplayName", "VMware Tools");
        key.SetString("DisplayVersion", "12.3.5.22544099");
        key.SetString("UninstallString", "MsiExec.exe /I{2F2E3A3C-5C3B-4F0D-8E5D-6B7A8C9D0E1F}");
        key.SetUInt32("WindowsInstaller", 1);
    });

    /// <summary>A second disk with drive D:.</summary>
    public static WindowsGuest WithDataDisk(this WindowsGuest guest)
    {
        guest.Source = guest.Source with { Disks = [guest.Source.Disks[0], guest.Source.Disks[0]] };
        guest.Add(MemoryVolume.Partition(1, 1), new MemoryFileSystem("ntfs"));
        return guest.Edit((system, _) =>
        {
            foreach (var (volume, letter) in guest.Volumes.Zip("CD"))
            {
                var signature = Convert.FromHexString(volume.PartitionUuid![..8]).Reverse();
                system.Create("MountedDevices").Set(
                    $@"\DosDevices\{letter}:", RegistryValueKind.Binary, (byte[])[.. signature, .. BitConverter.GetBytes(volume.StartOffset)]);
            }
        });
    }
}
