using System.Text;
using V2V.Engine.Tests.Inspection;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>A folder laid out as the virtio-win ISO image is, with INF files as its drivers have them and programs that are headers only.</summary>
internal sealed class DriverTree : IDisposable
{
    /// <summary>Directory, INF file, service, class, class GUID, legacy and modern ids.</summary>
    private static readonly (string Directory, string Name, string Service, string Class, string Guid, string[] Ids)[] Drivers =
    [
        ("viostor", "viostor", "viostor", "SCSIAdapter", "{4D36E97B-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", @"PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01"]),
        ("vioscsi", "vioscsi", "vioscsi", "SCSIAdapter", "{4D36E97B-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1004&SUBSYS_00081AF4&REV_00", @"PCI\VEN_1AF4&DEV_1048&SUBSYS_11001AF4&REV_01"]),
        ("NetKVM", "netkvm", "netkvm", "Net", "{4D36E972-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00", @"PCI\VEN_1AF4&DEV_1041&SUBSYS_11001AF4&REV_01"]),
        ("Balloon", "balloon", "BALLOON", "System", "{4D36E97D-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1002&SUBSYS_00051AF4&REV_00", @"PCI\VEN_1AF4&DEV_1045&SUBSYS_11001AF4&REV_01"]),
        ("vioserial", "vioser", "VirtioSerial", "System", "{4D36E97D-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1003&SUBSYS_00031AF4&REV_00", @"PCI\VEN_1AF4&DEV_1043&SUBSYS_11001AF4&REV_01"]),
        ("viorng", "viorng", "VirtRng", "System", "{4D36E97D-E325-11CE-BFC1-08002BE10318}", [@"PCI\VEN_1AF4&DEV_1005&SUBSYS_00041AF4&REV_00", @"PCI\VEN_1AF4&DEV_1044&SUBSYS_11001AF4&REV_01"]),
        ("pvpanic", "pvpanic", "pvpanic", "System", "{4D36E97D-E325-11CE-BFC1-08002BE10318}", [@"ACPI\QEMU0001"]),
    ];

    public string Path { get; } = Directory.CreateTempSubdirectory("v2v-drivers-").FullName;

    /// <param name="systems">Directories of Windows versions: "w10", "2k22".</param>
    /// <param name="architecture">"amd64" or "x86".</param>
    /// <param name="version">Of every driver.</param>
    /// <param name="without">Drivers that are left out.</param>
    public static DriverTree Create(string[] systems, string architecture = "amd64", string version = "100.95.104.26200", params string[] without)
    {
        var tree = new DriverTree();
        tree.AddDrivers(systems, architecture, version, without);
        tree.Add("guest-agent/qemu-ga-x86_64.msi", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 64]);
        tree.Add("guest-agent/qemu-ga-i386.msi", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 32]);
        return tree;
    }

    public void AddDrivers(string[] systems, string architecture, string version = "100.95.104.26200", params string[] without)
    {
        foreach (var driver in Drivers.Where(d => !without.Contains(d.Name)))
        {
            foreach (var system in systems)
            {
                var directory = $"{driver.Directory}/{system}/{architecture}";
                Add($"{directory}/{driver.Name}.inf", Inf(driver, architecture, version));
                Add($"{directory}/{driver.Name}.sys", PhonyGuest.Pe(architecture == "x86" ? (ushort)0x14C : (ushort)0x8664, $"{driver.Name} for {system} {architecture}"));
                Add($"{directory}/{driver.Name}.cat", [0x30, 0x82, .. Encoding.ASCII.GetBytes(driver.Name + system)]);
                Add($"{directory}/{driver.Name}.pdb", "Microsoft C/C++ MSF 7.00"u8.ToArray());
            }
        }
    }

    public void Add(string path, byte[] content)
    {
        var full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static byte[] Inf((string Directory, string Name, string Service, string Class, string Guid, string[] Ids) driver, string architecture, string version) =>
        Encoding.ASCII.GetBytes(
            $"""
            [Version]
            Signature="$Windows NT$"
            Class={driver.Class}
            ClassGuid={driver.Guid}
            Provider=%VENDOR%
            DriverVer=01/15/2024,{version}
            CatalogFile={driver.Name}.cat

            [SourceDisksFiles]
            {driver.Name}.sys = 1,,

            [DestinationDirs]
            DefaultDestDir = 12

            [Manufacturer]
            %VENDOR%=Standard,NT{architecture}

            [Standard.NT{architecture}]
            {string.Join("\r\n", driver.Ids.Select(id => $"%DEVICE%={driver.Name}_Device, {id}"))}

            [{driver.Name}_Device.NT]
            CopyFiles=Drivers_Dir

            [Drivers_Dir]
            {driver.Name}.sys

            [{driver.Name}_Device.NT.Services]
            AddService={driver.Service},2,Service_Inst

            [Service_Inst]
            ServiceType=1
            StartType={(driver.Class == "SCSIAdapter" ? 0 : 3)}
            ErrorControl=1
            ServiceBinary=%12%\{driver.Name}.sys
            LoadOrderGroup=SCSI miniport

            [Strings]
            VENDOR = "Red Hat, Inc."
            DEVICE = "VirtIO device"
            """);
}
