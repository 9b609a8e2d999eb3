using System.Buffers.Binary;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows;
using V2V.Engine.FileSystems;
using V2V.Engine.Registry;
using V2V.Engine.Tests.Inspection;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Windows;

/// <summary>How Windows comes to a driver for its system disk, from a source, from itself, or not at all.</summary>
public sealed class StorageStepsTests
{
    private const string Services = @"HKLM\SYSTEM\ControlSet001\Services";

    private const string Viostor = "/Windows/System32/drivers/viostor.sys";

    private static readonly ConversionStep[] Steps = [new ChooseDrivers(), new ChooseWindowsHardware(), new InstallStorageDriver(), new InBoxStorage(), new StageDrivers()];

    [Fact]
    public void A_guest_without_drivers_is_refused_with_every_directory_that_was_looked_for()
    {
        using var guest = WindowsGuest.Create("2022");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        var before = guest.Root.Files().Count();

        var refusal = Assert.Throws<ConversionException>(() => guest.Run(Steps));

        Assert.Equal(V2VError.DriversMissing, refusal.Error);
        foreach (var directory in (string[])["viostor/2k22/amd64", "viostor/w10/amd64", "vioscsi/2k22/amd64", "NetKVM/2k22/amd64"])
        {
            Assert.Contains($"{tree.Path}/{directory}", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Contains("-DriverSource", refusal.Advice, StringComparison.Ordinal);
        Assert.Contains("-AllowNoDrivers", refusal.Advice, StringComparison.Ordinal);
        Assert.Equal(before, guest.Root.Files().Count());
    }

    [Theory]
    [InlineData("2022", "storahci", DiskBus.Sata, NetworkModel.E1000e, "q35")]
    [InlineData("2012", "storahci", DiskBus.Sata, NetworkModel.E1000e, "q35")]
    [InlineData("7", "msahci", DiskBus.Sata, NetworkModel.E1000, "q35")]
    [InlineData("2008", "msahci", DiskBus.Sata, NetworkModel.E1000, "q35")]
    [InlineData("2003", "atapi", DiskBus.Ide, NetworkModel.Rtl8139, "pc")]
    public void Where_it_is_allowed_a_guest_without_drivers_starts_from_emulated_disks(string release, string driver, DiskBus bus, NetworkModel network, string machine)
    {
        using var guest = WindowsGuest.Create(release);
        using var tree = DriverTree.Create(["2k12R2"], "x86");
        guest.Options = new ConversionOptions { DriverSource = tree.Path, AllowNoDrivers = true };
        guest.WithDriver(driver, 3).Edit((system, _) => system.Create($@"ControlSet001\Services\{driver}\StartOverride").SetUInt32("0", 3));

        using var context = guest.Run(Steps);

        Assert.Equal((bus, network, machine), (context.Hardware.DiskBus, context.Hardware.NetworkModel, context.Hardware.Machine));
        Assert.Equal(0u, guest.Read($@"{Services}\{driver}")!.GetUInt32("Start"));
        Assert.Null(guest.Read($@"{Services}\{driver}\StartOverride"));
        Assert.Null(guest.Root.Find(Viostor));
        Assert.Null(guest.Read($@"{Services}\viostor"));
        Assert.Equal(@"%SystemRoot%\inf", guest.Read(@"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion")!.GetString("DevicePath"));
        Assert.Contains(context.Concerns, c => c.Id == "DriversMissing" && c.Severity == ConcernSeverity.Warning);
        if (!guest.Release.HasDriverDatabase)
        {
            Assert.Equal(driver, guest.Read($@"HKLM\SYSTEM\ControlSet001\Control\CriticalDeviceDatabase\{(bus == DiskBus.Ide ? "primary_ide_channel" : "pci#cc_0106")}")!.GetString("Service"));
        }
    }

    [Fact]
    public void IDE_drivers_that_XP_left_in_its_cabinet_are_asked_for_by_name()
    {
        using var guest = WindowsGuest.Create("xp", is32Bit: true);
        using var tree = DriverTree.Create(["2k12R2"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path, AllowNoDrivers = true };
        guest.Root.Delete("/Windows/System32/drivers/atapi.sys");

        var refusal = Assert.Throws<ConversionException>(() => guest.Run(Steps));

        Assert.Contains(@"C:\Windows\System32\drivers\atapi.sys", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Shows("DriversInstalled")]
    public void A_guest_that_has_virtio_drivers_needs_no_source()
    {
        using var guest = WindowsGuest.Create("2016");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.WithDriver("vioscsi", 3).WithDriver("netkvm", 3);

        using var context = guest.Run(Steps);

        Assert.Equal((DiskBus.VirtioScsi, NetworkModel.Virtio), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
        Assert.Equal(0u, guest.Read($@"{Services}\vioscsi")!.GetUInt32("Start"));
        Assert.Equal("vioscsi", guest.Read(@"HKLM\SYSTEM\DriverDatabase\DriverPackages\guestor.inf_amd64_0000000000000000\Configurations\guestor_conf")!.GetString("Service"));
        Assert.NotNull(guest.Read(@"HKLM\SYSTEM\DriverDatabase\DeviceIds\PCI\VEN_1AF4&DEV_1048&REV_01"));
        Assert.Contains(context.Concerns, c => c.Id == "DriversInstalled" && c.Severity == ConcernSeverity.Information);
    }

    [Fact]
    public void A_service_without_its_program_is_no_driver()
    {
        using var guest = WindowsGuest.Create("2016");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.WithDriver("viostor", 0).Root.Delete(Viostor);

        Assert.Throws<ConversionException>(() => guest.Run(Steps));
    }

    [Fact]
    public void A_program_for_another_processor_is_no_driver()
    {
        using var guest = WindowsGuest.Create("2016");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.WithDriver("viostor", 0, PhonyGuest.Pe(0x14C, "x86"));

        Assert.Throws<ConversionException>(() => guest.Run(Steps));
    }

    [Theory]
    [InlineData("100.90.104.1", true)]
    [InlineData("100.95.104.26200", false)]
    [InlineData("101.1.104.1", false)]
    [Shows("NewerDriverKept")]
    public void A_driver_that_is_there_is_replaced_by_a_newer_one_only(string installed, bool isReplaced)
    {
        using var guest = WindowsGuest.Create("10");
        using var tree = DriverTree.Create(["w10"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        var old = WithVersion(PhonyGuest.Pe(0x8664, "the guest's own"), System.Version.Parse(installed));
        const string Store = "/Windows/System32/DriverStore/FileRepository/viostor.inf_amd64_0123456789abcdef";
        guest.Root.WithDirectory("/Windows/System32/DriverStore").WithDirectory("/Windows/System32/DriverStore/FileRepository").WithDirectory(Store);
        guest.WithProgram($"{Store}/viostor.sys", old).Edit((system, _) =>
        {
            var key = system.Create(@"ControlSet001\Services\viostor");
            key.SetUInt32("Start", 3);
            key.SetUInt32("Type", 1);
            key.SetUInt32("Tag", 33);
            key.SetString("ImagePath", @"\SystemRoot\System32\DriverStore\FileRepository\viostor.inf_amd64_0123456789abcdef\viostor.sys", RegistryValueKind.ExpandString);
            key.Create("StartOverride").SetUInt32("0", 3);
        });

        using var context = guest.Run(Steps);

        var service = guest.Read($@"{Services}\viostor")!;
        Assert.Equal(0u, service.GetUInt32("Start"));
        Assert.Equal(33u, service.GetUInt32("Tag"));
        Assert.Null(service.Find("StartOverride"));
        Assert.Equal(old, guest.Root.ReadAllBytes($"{Store}/viostor.sys"));
        Assert.Equal(isReplaced, guest.Root.Find(Viostor) is not null);
        Assert.Equal(isReplaced, service.GetString("ImagePath") == @"system32\drivers\viostor.sys");
        Assert.Equal(installed.StartsWith("101", StringComparison.Ordinal), context.Concerns.Any(c => c.Id == "NewerDriverKept"));
    }

    [Fact]
    public void A_program_with_other_names_keeps_them_as_they_are()
    {
        using var guest = WindowsGuest.Create("2019");
        using var tree = DriverTree.Create(["2k19"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.WithProgram("/Windows/component.sys", "old"u8.ToArray());
        guest.Root.CreateHardLink(Viostor, "/Windows/component.sys");

        guest.Run(Steps).Dispose();

        Assert.Equal("old"u8.ToArray(), guest.Root.ReadAllBytes("/Windows/component.sys"));
        Assert.Equal(File.ReadAllBytes(Path.Combine(tree.Path, "viostor/2k19/amd64/viostor.sys")), guest.Root.ReadAllBytes(Viostor));
    }

    [Fact]
    public void The_control_set_of_the_next_start_is_changed_as_well()
    {
        using var guest = WindowsGuest.Create("7");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.Edit((system, _) =>
        {
            system.Find("Select")!.SetUInt32("Default", 2);
            system.Create("ControlSet002");
        });

        guest.Run([.. Steps, new StayOnCrash()]).Dispose();

        foreach (var set in (string[])["ControlSet001", "ControlSet002"])
        {
            Assert.Equal(0u, guest.Read($@"HKLM\SYSTEM\{set}\Services\viostor")!.GetUInt32("Start"));
            Assert.Equal("viostor", guest.Read($@"HKLM\SYSTEM\{set}\Control\CriticalDeviceDatabase\PCI#VEN_1AF4&DEV_1001")!.GetString("Service"));
        }

        Assert.Null(guest.Read(@"HKLM\SYSTEM\ControlSet002\Control\CrashControl"));
    }

    [Fact]
    public void A_control_set_that_is_not_there_is_not_made()
    {
        using var guest = WindowsGuest.Create("7");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        guest.Edit((system, _) => system.Find("Select")!.SetUInt32("Default", 2));

        guest.Run(Steps).Dispose();

        Assert.Null(guest.Read(@"HKLM\SYSTEM\ControlSet002"));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("Package_for_KB4474419~31bf3856ad364e35~amd64~~6.1.3.2", false)]
    [InlineData("Package_for_RollupFix~31bf3856ad364e35~amd64~~7601.25860.1.9", false)]
    [InlineData("Package_for_RollupFix~31bf3856ad364e35~amd64~~7601.23313.1.1", true)]
    public void Windows_7_without_the_update_for_SHA_2_is_warned_of_newer_drivers(string? update, bool isWarned)
    {
        using var guest = WindowsGuest.Create("7");
        using var tree = DriverTree.Create(["w7"]);
        guest.Options = new ConversionOptions { DriverSource = tree.Path };
        if (update is not null)
        {
            guest.Edit((_, software) => software.Create(@"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\" + update));
        }

        using var context = guest.Run(Steps);

        Assert.Equal(isWarned, context.Concerns.Any(c => c.Id == "DriverSignatureSha2"));
    }

    [Fact]
    [Shows("NetworkDriverMissing")]
    public void Windows_without_a_network_driver_gets_an_adapter_that_it_knows()
    {
        using var guest = WindowsGuest.Create("10");
        using var tree = DriverTree.Create(["w10"], without: "netkvm");
        guest.Options = new ConversionOptions { DriverSource = tree.Path };

        using var context = guest.Run(Steps);

        Assert.Equal((DiskBus.Virtio, NetworkModel.E1000e), (context.Hardware.DiskBus, context.Hardware.NetworkModel));
        Assert.Contains(context.Concerns, c => c.Id == "NetworkDriverMissing" && c.Message.Contains("NetKVM/w10/amd64", StringComparison.Ordinal));
    }

    [Fact]
    public void Devices_follow_the_drivers()
    {
        using var guest = WindowsGuest.Create("11");
        using var tree = DriverTree.Create(["w11"], without: "viorng");
        guest.Options = new ConversionOptions { DriverSource = tree.Path };

        using var context = guest.Run(Steps);

        var hardware = context.Hardware;
        Assert.Equal((false, true, true, false), (hardware.HasRandomGenerator, hardware.HasBalloon, hardware.HasPanicDevice, hardware.HasVsock));
    }

    /// <summary>With a version resource's fixed part, as a resource section would hold it.</summary>
    private static byte[] WithVersion(byte[] program, Version version)
    {
        var at = program.AsSpan(0x800);
        BinaryPrimitives.WriteUInt32LittleEndian(at, 0xFEEF04BD);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], 0x00010000);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], ((uint)version.Major << 16) | (uint)version.Minor);
        BinaryPrimitives.WriteUInt32LittleEndian(at[12..], ((uint)version.Build << 16) | (uint)version.Revision);
        return program;
    }
}
