using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.Registry;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>
/// Every value that has to stand in the registry of a converted guest, with its exact type and bytes, for every version: the list that virt-v2v's
/// sources give (convert/windows_virtio.ml, convert_windows.ml), written down here by hand and compared with what is on the disk.
/// </summary>
public sealed class RegistryTableTests
{
    private const string Set = @"HKLM\SYSTEM\ControlSet001";

    public static TheoryData<string, bool, StoragePreference> Guests()
    {
        var data = new TheoryData<string, bool, StoragePreference>();
        foreach (var release in WindowsRelease.All)
        {
            var is32BitOnly = release.Name == "xp";
            var is64BitOnly = release.Name is "2008R2" or "2012" or "2012R2" or "2016" or "2019" or "2022" or "2025" or "11";
            foreach (var storage in release.Major < 6 ? [StoragePreference.Viostor] : Enum.GetValues<StoragePreference>())
            {
                if (!is64BitOnly)
                {
                    data.Add(release.Name, true, storage);
                }

                if (!is32BitOnly)
                {
                    data.Add(release.Name, false, storage);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public void Every_row_of_the_table_is_on_the_disk(string name, bool is32Bit, StoragePreference storage)
    {
        using var guest = WindowsGuest.Create(name, is32Bit);
        using var tree = DriverTree.Create([guest.Release.Drivers], is32Bit ? "x86" : "amd64");
        guest.Options = new ConversionOptions { DriverSource = tree.Path, BlockDriver = storage };
        guest.WithDriver("rhelscsi", 0).WithDriver("prl_strg", 0).WithDriver("prl_tg", 2).Edit((system, _) =>
            system.Find(@"ControlSet001\Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}")!.SetStrings("LowerFilters", ["prl_strg", "other"]));

        using var context = guest.Run([.. ConversionSteps.All.Where(s => s is not WindowsBootFiles)]);

        var driver = storage == StoragePreference.Vioscsi ? "vioscsi" : "viostor";
        Row($@"{Set}\Services\rhelscsi", "Start", 4, Dword(4));
        Row($@"{Set}\Services\prl_strg", "Start", 4, Dword(4));
        Row($@"{Set}\Services\prl_tg", "Start", 4, Dword(4));
        Row($@"{Set}\Control\Class\{{4d36e967-e325-11ce-bfc1-08002be10318}}", "LowerFilters", 7, Text("other\0\0"));
        Row($@"{Set}\Control\CrashControl", "AutoReboot", 4, Dword(0));
        Row($@"{Set}\Services\{driver}", "Type", 4, Dword(1));
        Row($@"{Set}\Services\{driver}", "Start", 4, Dword(0));
        Row($@"{Set}\Services\{driver}", "Group", 1, Text("SCSI miniport\0"));
        Row($@"{Set}\Services\{driver}", "ErrorControl", 4, Dword(1));
        Row($@"{Set}\Services\{driver}", "ImagePath", 2, Text($@"system32\drivers\{driver}.sys" + "\0"));
        Row(@"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion", "DevicePath", 2, Text(@"%SystemRoot%\inf;%SystemRoot%\Drivers\VirtIO" + "\0"));

        string[] ids = driver == "viostor"
            ? ["VEN_1AF4&DEV_1001&REV_00", "VEN_1AF4&DEV_1042&REV_01"]
            : ["VEN_1AF4&DEV_1004&REV_00", "VEN_1AF4&DEV_1048&REV_01"];
        if (guest.Release.HasDriverDatabase)
        {
            DriverDatabase(driver, ids, is32Bit ? "x86" : "amd64");
        }
        else
        {
            Assert.Null(guest.Read(@"HKLM\SYSTEM\DriverDatabase"));
            foreach (var id in ids)
            {
                Row($@"{Set}\Control\CriticalDeviceDatabase\PCI#{id}", "Service", 1, Text(driver + "\0"));
                Row($@"{Set}\Control\CriticalDeviceDatabase\PCI#{id}", "ClassGUID", 1, Text("{4D36E97B-E325-11CE-BFC1-08002BE10318}\0"));
            }
        }

        switch (name)
        {
            case "xp":
                Row(@"HKLM\SOFTWARE\Policies\Microsoft\Windows\DeviceInstall\Settings", "SuppressNewHWUI", 4, Dword(1));
                break;
            case "2003":
                Row($@"{Set}\Services\PlugPlay\Parameters", "SuppressUI", 4, Dword(1));
                break;
            default:
                Assert.Null(guest.Read($@"{Set}\Services\PlugPlay\Parameters"));
                Assert.Null(guest.Read(@"HKLM\SOFTWARE\Policies"));
                break;
        }

        Assert.Equal(driver == "viostor" ? DiskBus.Virtio : DiskBus.VirtioScsi, context.Hardware.DiskBus);

        void DriverDatabase(string service, string[] deviceIds, string architecture)
        {
            const string Database = @"HKLM\SYSTEM\DriverDatabase";
            var package = $"guestor.inf_{architecture}_0000000000000000";
            Row($@"{Database}\DriverInfFiles\guestor.inf", "", 7, Text(package + "\0\0"));
            Row($@"{Database}\DriverInfFiles\guestor.inf", "Active", 1, Text(package + "\0"));
            Row($@"{Database}\DriverInfFiles\guestor.inf", "Configurations", 7, Text("guestor_conf\0\0"));
            Row($@"{Database}\DriverPackages\{package}", "Version", 3, Convert.FromHexString(
                "00FF0900000000007BE9364D25E3CE11BFC108002BE10318" + new string('0', 48)));
            Row($@"{Database}\DriverPackages\{package}\Configurations\guestor_conf", "ConfigFlags", 4, Dword(0));
            Row($@"{Database}\DriverPackages\{package}\Configurations\guestor_conf", "Service", 1, Text(service + "\0"));
            foreach (var id in deviceIds)
            {
                Row($@"{Database}\DeviceIds\PCI\{id}", "guestor.inf", 3, [0x01, 0xFF, 0x00, 0x00]);
                Row($@"{Database}\DriverPackages\{package}\Descriptors\PCI\{id}", "Configuration", 1, Text("guestor_conf\0"));
            }
        }

        void Row(string key, string value, uint type, byte[] data)
        {
            var found = guest.Read(key)?.FindValue(value);
            Assert.True(found is not null, $"{key}\\{value} is missing");
            Assert.Equal((RegistryValueKind)type, found.Kind);
            Assert.Equal(Convert.ToHexString(data), Convert.ToHexString(found.Data.Span));
        }
    }

    private static byte[] Dword(uint value) => BitConverter.GetBytes(value);

    private static byte[] Text(string text) => Encoding.Unicode.GetBytes(text);
}
