using V2V.Engine.Sources;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Inspection.Windows;

public sealed class WindowsChecksTests
{
    [Theory]
    [InlineData("hibr", true)]
    [InlineData("HIBR", true)]
    [InlineData("HORM", true)]
    [InlineData("wake", false)]
    [InlineData("\0\0\0\0", false)]
    [InlineData("hi", false)]
    public void A_hibernated_Windows_is_refused(string signature, bool isHibernated)
    {
        using var phony = PhonyWindows.Create();
        phony.C.With("/hiberfil.sys", signature.PadRight(2));

        var concerns = phony.Check();

        Assert.Equal(isHibernated ? ["GuestHibernated"] : [], concerns.Select(c => c.Id));
        Assert.All(concerns, c => Assert.Contains("shutdown /s /t 0", c.Advice));
    }

    [Fact]
    [Shows("WindowsHibernated")]
    public void An_image_on_another_volume_is_told_only()
    {
        using var phony = PhonyWindows.Create();
        phony.Add(MemoryVolume.Partition(0, 3), new MemoryFileSystem("ntfs").With("/hiberfil.sys", "hibr"));

        Assert.Equal([("WindowsHibernated", ConcernSeverity.Warning)], phony.Check().Select(c => (c.Id, c.Severity)));
    }

    [Theory]
    [InlineData("Microsoft Windows 2000 Server", "5.0", "2195", "Server", "GuestUnsupported", ConcernSeverity.Critical, "version 5.0 of Windows NT")]
    [InlineData("Windows NT", "4.0", "1381", "Server", "GuestUnsupported", ConcernSeverity.Critical, "version 4.0")]
    [InlineData("Windows 12 Pro", "11.0", "30000", "Client", "WindowsVersionUnknown", ConcernSeverity.Warning, "newer")]
    [Shows("WindowsVersionUnknown")]
    public void Versions_without_drivers_are_refused_and_new_ones_told(
        string product, string version, string build, string type, string id, ConcernSeverity severity, string message)
    {
        using var phony = PhonyWindows.Create(product, version, build, type);

        var concern = Assert.Single(phony.Check());

        Assert.Equal((id, severity), (concern.Id, concern.Severity));
        Assert.Contains(message, concern.Message);
    }

    [Fact]
    [Shows("ArchitectureUnsupported")]
    public void Windows_for_ARM_is_refused_by_name()
    {
        using var phony = PhonyWindows.Create("Windows 10 Pro", "10.0", "22631", "Client", 0xAA64);

        var concern = Assert.Single(phony.Check());

        Assert.Equal("ArchitectureUnsupported", concern.Id);
        Assert.Equal("The guest is Windows 11 Pro built for aarch64; V2V makes domains for x86 so far.", concern.Message);
    }

    [Theory]
    [InlineData(0x8664, "AMD64", false)]
    [InlineData(0x14C, "x86", false)]
    [InlineData(0x8664, "x86", true)]
    [InlineData(0x14C, "AMD64", true)]
    [Shows("ArchitectureMismatch")]
    public void Programs_for_another_processor_than_the_registry_says_are_refused(int machine, string told, bool isRefused)
    {
        using var phony = PhonyWindows.Create(machine: (ushort)machine);
        phony.WithSystem($"[ControlSet001\\Control\\Session Manager\\Environment]\n\"PROCESSOR_ARCHITECTURE\"=\"{told}\"");

        Assert.Equal(isRefused ? ["ArchitectureMismatch"] : [], phony.Check().Select(c => c.Id));
    }

    [Fact]
    [Shows("GuestDiskFull")]
    public void A_full_system_volume_is_refused()
    {
        using var phony = PhonyWindows.Create();
        phony.C.Capacity = 99 << 20;

        var concern = Assert.Single(phony.Check());

        Assert.Equal(("GuestDiskFull", ConcernSeverity.Critical), (concern.Id, concern.Severity));
        Assert.Contains("100 MiB are needed", concern.Message);
    }

    [Theory]
    [InlineData(true, 2, false)]
    [InlineData(true, 64, true)]
    [InlineData(false, 2, true)]
    public void The_system_partition_needs_room_for_a_boot_manager_that_firmware_finds(bool isMissing, int capacity, bool isEnough)
    {
        using var phony = PhonyWindows.Create();
        phony.Source = phony.Source with { Firmware = Firmware.Uefi };
        var esp = new MemoryFileSystem("vfat").With("/EFI/Microsoft/Boot/BCD").With("/EFI/Microsoft/Boot/bootmgfw.efi", new byte[1_200_000])
            .With("/EFI/Boot/bootx64.efi", new byte[isMissing ? 0 : 1_200_000]);
        esp.Capacity = capacity << 20;
        phony.Add(
            MemoryVolume.Partition(0, 3) with { Kind = VolumeKind.GptPartition, PartitionUuid = "9a000000-0000-4000-8000-000000000003", GptType = new Guid("c12a7328-f81f-11d2-ba4b-00a0c93ec93b") }, esp);

        Assert.Equal(isEnough ? [] : ["GuestDiskFull"], phony.Check().Select(c => c.Id));
    }

    [Fact]
    public void A_32_bit_Windows_of_UEFI_is_refused()
    {
        using var phony = PhonyWindows.Create("Windows 8.1", "6.3", "9600", "Client", 0x14C);
        phony.Source = phony.Source with { Firmware = Firmware.Uefi };

        Assert.Contains(phony.Check(), c => c is { Id: "UefiFirmware32Bit", Severity: ConcernSeverity.Critical });
    }

    /// <summary>A data disk that had a Linux before still has GRUB; one in front of Windows starts both.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    public void The_disk_of_the_boot_loader_boots_whatever_is_left_on_others(int grub, int expected)
    {
        using var phony = PhonyWindows.Create();
        var plain = VolumeImages.With(4096, (0, [0x33, 0xC0]), (510, [0x55, 0xAA]));
        phony.Source = phony.Source with { Disks = [.. Enumerable.Range(0, 3).Select(i => PhonyGuest.Disk(content: i == grub ? VolumeImages.GrubSector() : plain))] };
        for (var i = 0; i < phony.Volumes.Count; i++)
        {
            phony.MoveToDisk(i, 1);
        }

        Assert.Equal(expected, phony.Inspect().BootDiskIndex);
    }

    [Fact]
    public void A_control_set_that_the_next_start_would_not_take_is_told()
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem("[Select]\n\"Current\"=dword:00000001\n\"Default\"=dword:00000002\n[ControlSet002]");

        Assert.Equal(("ControlSet001", "ControlSet002"), (phony.Inspect().Windows!.ControlSet, phony.Inspect().Windows!.OtherControlSet));
        Assert.Equal(["ControlSetDiffers"], phony.Check().Select(c => c.Id));
    }

    [Fact]
    [Shows("BootLoaderNotFound", "NoBootLoader")]
    public void A_disk_without_boot_code_or_boot_manager_is_told()
    {
        using var phony = PhonyWindows.Create();
        phony.Volumes.RemoveAt(0);
        phony.Source = phony.Source with { Disks = [PhonyGuest.Disk(content: new byte[4096])] };

        Assert.Equal(["BootLoaderNotFound", "NoBootLoader"], phony.Check().Select(c => c.Id).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("DenyUnspecified", 1, null, true)]
    [InlineData("DenyUnspecified", 0, null, false)]
    [InlineData("DenyRemovableDevices", 1, null, false)]
    [InlineData("DenyDeviceClasses", 1, "{4D36E97B-E325-11CE-BFC1-08002BE10318}", true)]
    [InlineData("DenyDeviceClasses", 0, "{4D36E97B-E325-11CE-BFC1-08002BE10318}", false)]
    [InlineData("DenyDeviceClasses", 1, "{36fc9e60-c465-11cf-8056-444553540000}", false)]
    [InlineData("DenyDeviceIDs", 1, @"PCI\VEN_1AF4&DEV_1001", true)]
    [InlineData("DenyDeviceIDs", 1, @"USB\Class_08", false)]
    public void Policies_against_the_new_devices_are_told(string value, int data, string? listed, bool expected)
    {
        using var phony = PhonyWindows.Create();
        const string key = @"Policies\Microsoft\Windows\DeviceInstall\Restrictions";
        phony.WithSoftware($"[{key}]\n\"{value}\"=dword:{data}\n{(listed is null ? "" : $"[{key}\\{value}]\n\"1\"=\"{listed}\"")}");

        Assert.Equal(expected ? ["DeviceInstallRestricted"] : [], phony.Check().Select(c => c.Id));
    }

    [Theory]
    [InlineData("Sophos Endpoint Agent", null, true)]
    [InlineData("Endpoint Security", "Kaspersky Lab", true)]
    [InlineData("7-Zip 23.01 (x64)", "Igor Pavlov", false)]
    public void Antivirus_software_is_told_by_name(string name, string? publisher, bool expected)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSoftware(
            $"[WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\x]\n\"DisplayName\"=\"{name}\"\n{(publisher is null ? "" : $"\"Publisher\"=\"{publisher}\"")}");

        var concerns = phony.Check();

        Assert.Equal(expected ? ["AntivirusInstalled"] : [], concerns.Select(c => c.Id));
        Assert.All(concerns, c => Assert.Contains(name, c.Message));
    }

    [Fact]
    public void Defender_is_no_reason_to_warn_and_none_at_all_when_it_is_off()
    {
        using var phony = PhonyWindows.Create();
        phony.WithSoftware("[Microsoft\\Windows Defender]");
        Assert.Equal([("DefenderActive", ConcernSeverity.Information)], phony.Check().Select(c => (c.Id, c.Severity)));

        phony.WithSoftware("[Microsoft\\Windows Defender]\n\"DisableAntiVirus\"=dword:1");
        Assert.Empty(phony.Check());
    }

    [Fact]
    [Shows("BitLockerVolume", "DynamicDisk", "StorageSpacesVolume")]
    public void What_is_copied_without_being_understood_is_told()
    {
        using var phony = PhonyWindows.Create();
        phony.Add(MemoryVolume.Partition(1, 1) with { MbrType = 0x42 }).Add(MemoryVolume.Partition(1, 2) with { MbrType = 0x42 })
            .Add(MemoryVolume.Partition(2, 1) with { Kind = VolumeKind.GptPartition, GptType = new Guid("e75caf8f-f680-4cee-afa3-b001e56efc2d") })
            .Add(MemoryVolume.Partition(2, 2, VolumeImages.With(4096, (0, [0xEB, 0x58, 0x90]), (3, "-FVE-FS-"u8.ToArray()))));
        phony.WithSystem("[MountedDevices]\n\"\\DosDevices\\F:\"=hex:44,4d,49,4f,3a,49,44,3a,01,02,03,04,05,06,07,08,09,0a,0b,0c,0d,0e,0f,10");

        var concerns = phony.Check();

        Assert.Equal(["BitLockerVolume", "DynamicDisk", "StorageSpacesVolume"], concerns.Select(c => c.Id).Order(StringComparer.Ordinal));
        Assert.Equal("Disk 2 is a dynamic disk and copied as it is; drives on such disks are F:.", concerns.Single(c => c.Id == "DynamicDisk").Message);
        Assert.DoesNotContain(concerns, c => c.Severity == ConcernSeverity.Critical);
    }

    [Fact]
    public void Adapters_that_are_in_doubt_are_none_of_the_sources()
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem(Adapter(1, "{11111111-0000-4000-8000-000000000001}", "VMBUS\\{f8615163}\\{1}") + Adapter(2, "{11111111-0000-4000-8000-000000000002}", "VMBUS\\{f8615163}\\{2}"));

        Assert.Equal([null, null], phony.Inspect().Windows!.Adapters.Select(a => a.SourceIndex));
    }

    [Fact]
    public void Adapters_of_software_and_addresses_set_in_drivers_are_told()
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem(
            Adapter(1, "{11111111-0000-4000-8000-000000000001}", "COMPOSITEBUS\\MS_IMPLAT_MP\\{1}")
            + Adapter(2, "{11111111-0000-4000-8000-000000000002}", "PCI\\VEN_15AD&DEV_07B0\\1")
            + $"[ControlSet001\\Control\\Class\\{PhonyWindows.NetClass}\\0002]\n\"NetworkAddress\"=\"02AABBCCDDEE\"");

        var concerns = phony.Check();

        Assert.Equal(["VirtualAdapterConfigured", "MacAddressOverridden"], concerns.Select(c => c.Id));
        Assert.Contains("\"Ethernet 1\" (Adapter) is made by software (a team, a virtual switch or a VPN) and configured by hand (192.0.2.1/24)", concerns[0].Message);
        Assert.Contains("02AABBCCDDEE", concerns[1].Message);
    }

    /// <summary>The masks and lists that the registry can hold, also those that make no sense.</summary>
    [Theory]
    [InlineData("192.0.2.1", "255.255.255.0", "192.0.2.1/24")]
    [InlineData("192.0.2.1", "255.0.255.0", null)]
    [InlineData("0.0.0.0", "0.0.0.0", null)]
    [InlineData("no address", "255.255.255.0", null)]
    [InlineData("192.0.2.1", "255.255.255.255", "192.0.2.1/32")]
    public void Static_addresses_are_read_with_their_prefix(string address, string mask, string? expected)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem(Adapter(1, "{11111111-0000-4000-8000-000000000001}", @"PCI\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01\FF565000B1199AFE00", address, mask));

        var adapter = Assert.Single(phony.Inspect().Windows!.Adapters);

        Assert.Equal(expected is null ? [] : [expected], adapter.IPv4.Select(a => $"{a.Address}/{a.PrefixLength}"));
        Assert.Equal(("00:50:56:9a:19:b1", 0), (adapter.MacAddress, adapter.SourceIndex));
    }

    private static string Adapter(int number, string guid, string instance, string address = "192.0.2.1", string mask = "255.255.255.0") => $"""
        [ControlSet001\Control\Class\{PhonyWindows.NetClass}\000{number}]
        "DriverDesc"="Adapter"
        "NetCfgInstanceId"="{guid}"
        [ControlSet001\Control\Network\{PhonyWindows.NetClass}\{guid}\Connection]
        "Name"="Ethernet {number}"
        "PnpInstanceID"="{instance}"
        [ControlSet001\Services\Tcpip\Parameters\Interfaces\{guid}]
        "EnableDHCP"=dword:00000000
        "IPAddress"=multi:"{address}"
        "SubnetMask"=multi:"{mask}"

        """;
}
