using System.Management.Automation;
using System.Reflection;
using System.Xml.Linq;
using V2V.Engine;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Profiles;
using V2V.Engine.Sources;
using V2V.Engine.Targets;

namespace V2V.PowerShell.Tests;

/// <summary>What people see. A column whose script fails renders empty, so each test looks at whole lines.</summary>
public sealed class FormatTests : IDisposable
{
    private static readonly SourceDisk Disk = new()
    {
        Path = "/vm/web01.vmdk",
        Format = "vmdk",
        Capacity = 8L << 30,
        Allocated = 1288490189,
        Controller = DiskController.Scsi,
        ControllerModel = "pvscsi",
        Id = "scsi0:0",
        Slot = 0,
        BootOrder = 1,
        GuestName = "sda",
    };

    private static readonly SourceGuest Guest = new()
    {
        Name = "web01",
        SourceKind = "VMX",
        Path = "/vm/web01.vmx",
        Hypervisor = "VMware",
        State = GuestState.ShutOff,
        Uuid = new Guid("3f1d2c5b-6a79-4e80-9b1c-2d3e4f5a6b7c"),
        GenerationId = new Guid("6a1f0c52-d0a9-4b0e-8d77-b6a1c2d3e4f5"),
        VideoModel = "svga",
        SoundModel = "ich6",
        Display = new SourceDisplay(DisplayKind.Vnc, "127.0.0.1", 5901, "de"),
        RemovableDrives = [new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, 2)],
        CpuCount = 2,
        MemoryMiB = 3072,
        Disks = [Disk],
        NetworkAdapters = [new("00:50:56:aa:bb:cc", "vmxnet3", "VM Network")],
    };

    private static readonly GuestAssessment Assessment = new()
    {
        Source = Guest,
        OperatingSystem = new OperatingSystemInfo
        {
            Family = OperatingSystemFamily.Linux,
            Distribution = "debian",
            ProductName = "Debian GNU/Linux 12 (bookworm)",
            Architecture = "x86_64",
        },
        Hardware = new TargetHardware(),
        Changes = [new(ChangeKind.Modified, "/etc/fstab", "/dev/sda1 becomes UUID=1234", "Names of disks change.")],
        Concerns = [new(ConcernSeverity.Warning, "NoKvm", "The host has no KVM.", "Enable it.")],
        Networks = [new(true, "br0", "52:54:00:00:00:01")],
        Target = "/out",
        EstimatedBytes = 2L << 30,
        EstimatedTargetBytes = 3L << 30,
        EstimatedTime = TimeSpan.FromSeconds(12),
    };

    private static readonly ConversionResult Result = new()
    {
        Name = "web01",
        Assessment = Assessment,
        Disks = ["/out/web01-sda.qcow2"],
        DomainXml = "<domain/>",
        DomainXmlPath = "/out/web01.xml",
        Descriptions = ["/out/web01.sh", "/out/web01.xml"],
        Target = "/out",
        BytesRead = 2L << 30,
        BytesWritten = 1L << 30,
        Phases = [new("Open", 0.1), new("Copy", 3.25)],
        Settings = [new("Format", "Raw", SettingOrigin.Profile)],
        Elapsed = TimeSpan.FromSeconds(3.4),
    };

    private readonly Session _session = new();

    [Fact]
    public void Guests_are_a_table() => Assert.Equal(
        """

        Name                     Kind       Hypervisor State     CPUs   Memory Disks          Path
        ----                     ----       ---------- -----     ----   ------ -----          ----
        web01                    VMX        VMware     ShutOff      2  3.0 GiB 1 (8.0 GiB)    /vm/web01.vmx


        """.ReplaceLineEndings("\n"), TrimLines(_session.Render(Guest)));

    [Fact]
    public void Disks_are_a_table() => AssertRow("vmdk       8.0 GiB   1.2 GiB Scsi       /vm/web01.vmdk", Disk);

    [Fact]
    public void A_size_that_nobody_knows_is_a_dash() => AssertRow("vmdk       8.0 GiB         - Scsi       /vm/web01.vmdk", Disk with { Allocated = null });

    [Fact]
    public void Assessments_are_a_table() =>
        AssertRow("web01                    True        1 warning                         2.0 GiB       12 s Debian GNU/Linux 12 (bookwor…", Assessment);

    [Fact]
    public void An_assessment_without_an_operating_system_says_so() =>
        AssertRow("web01                    True        none                                    -          - none found", new GuestAssessment { Source = Guest });

    [Fact]
    public void Results_are_a_table() => AssertRow("web01                      1.0 GiB        3.4 s 1 warning                /out", Result);

    [Fact]
    public void Changes_are_a_table() =>
        AssertRow("Modified /etc/fstab                           /dev/sda1 becomes UUID=1234", Assessment.Changes[0]);

    [Fact]
    public void Concerns_are_a_table() => AssertRow("Warning     NoKvm                    The host has no KVM.", Assessment.Concerns[0]);

    [Fact]
    public void Profiles_are_a_table() => AssertRow(
        "prod             AllUsers    pool vms at qemu:///system               Qcow2  others -> bridge br0",
        new ConversionProfile
        {
            Name = "prod",
            Scope = ProfileScope.AllUsers,
            StoragePool = "vms",
            Format = ImageFormat.Qcow2,
            Compression = ImageCompression.Zstd,
            NetworkRules = [new(null, true, "br0")],
        });

    [Fact]
    public void Settings_are_a_table() => AssertRow(
        "Format               Parameter Raw                                  Qcow2", new ConversionSetting("Format", "Raw", SettingOrigin.Parameter, "Qcow2"));

    /// <summary>In the colours that the user has chosen for errors and warnings.</summary>
    [Fact]
    public void Concerns_are_coloured_by_PSStyle()
    {
        _session.Run("$PSStyle.Formatting.Error = \"`e[35m\"; $PSStyle.Formatting.Warning = \"`e[36m\"");
        var refused = Assessment with { Concerns = [.. Assessment.Concerns, new(ConcernSeverity.Critical, "No", "It cannot be."), new(ConcernSeverity.Information, "Note", "So it is.")] };
        _session.Render(refused);
        _session.Render(refused.Concerns[0]);
        _session.Render(Result);
        var text = _session.Host.ColouredText;
        Assert.All(
            ["\e[35mFalse\e[0m", "\e[35m1 critical\e[0m, \e[36m1 warning\e[0m, 1 note", "\e[36mWarning\e[0m", "\e[36m1 warning\e[0m "], part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.DoesNotContain("\e[35m", _session.Run("[V2V.PowerShell.Formatting]::Concerns($args[0], $null)", new object?[] { refused.Concerns }).Only<string>(), StringComparison.Ordinal);
    }

    /// <summary>Whatever a command returns, or has in a property that is looked at, is more than .NET's own text.</summary>
    [Fact]
    public void Every_type_that_a_command_returns_has_a_table_and_a_list()
    {
        var views = XDocument.Load(Path.Combine(Repository.Root, "module", "V2V.Format.ps1xml")).Descendants("View").ToLookup(
            view => view.Descendants("TypeName").Single().Value, view => view.Elements().Last().Name.LocalName);
        var returned = typeof(Commands.V2VCommand).Assembly.GetExportedTypes().SelectMany(type => type.GetCustomAttributes<OutputTypeAttribute>())
            .SelectMany(attribute => attribute.Type).Select(type => type.Type).Where(type => type?.Assembly == typeof(Concern).Assembly).Distinct().ToList();
        Assert.Equal(4, returned.Count);
        Assert.All(returned.Append(typeof(SourceDisk)).Append(typeof(ConversionChange)).Append(typeof(Concern)), type =>
            Assert.Subset(views[type!.FullName!].ToHashSet(), new HashSet<string> { "TableControl", "ListControl" }));
        Assert.All(views.Select(view => view.Key), name => Assert.NotNull(typeof(Concern).Assembly.GetType(name)));
    }

    [Fact]
    public void Wide_views_show_names()
    {
        object[] objects = [Guest, Assessment, Result, new ConversionProfile { Name = "prod" }];
        Assert.All(objects, item => Assert.Equal(item is ConversionProfile ? "prod" : "web01", RenderOnly("WideControl", item).Trim()));
    }

    [Fact]
    public void Lists_show_what_tables_leave_out()
    {
        var text = RenderList(Assessment);
        Assert.Contains("Hardware        : q35, Bios, disks on Virtio, network Virtio\n", text, StringComparison.Ordinal);
        Assert.Contains("Networks        : 52:54:00:00:00:01 to bridge br0\n", text, StringComparison.Ordinal);
        Assert.Contains("Target          : /out\n", text, StringComparison.Ordinal);
        Assert.Contains("Estimate        : 2.0 GiB to copy, up to 3.0 GiB at the target, about 12 s\n", text, StringComparison.Ordinal);
        Assert.Contains("Concerns        : Warning NoKvm: The host has no KVM. Enable it.\n", text, StringComparison.Ordinal);
        Assert.Contains("Changes         : Modified /etc/fstab: /dev/sda1 becomes UUID=1234\n", text, StringComparison.Ordinal);
        Assert.Matches("(?m)^Phases +: {Open 0.10 s, Copy 3.25 s}$", RenderList(Result));
        Assert.Matches("(?m)^Settings +: {?Format = Raw \\(profile\\)}?$", RenderList(Result));
    }

    [Fact]
    public void Every_list_view_fills_each_of_its_lines()
    {
        object[] objects =
        [
            Guest with { Firmware = Firmware.Uefi, GuestOsHint = "debian12-64", Annotation = "old", Concerns = Assessment.Concerns }, Disk,
            Assessment with { Phases = Result.Phases }, Result with { DomainUuid = Guid.NewGuid() }, Assessment.Changes[0], Assessment.Concerns[0],
            new ConversionProfile
            {
                Name = "prod", Scope = ProfileScope.AllUsers, Path = "/etc/v2v/profiles/prod.json", Description = "For all",
                Connection = "a", StoragePool = "b", OutputDirectory = "c", As = GuestPlatform.Libvirt, DomainType = "kvm", Format = ImageFormat.Raw,
                Allocation = ImageAllocation.Sparse, Compression = ImageCompression.None, TemporaryDirectory = "/tmp", NetworkRules = [new("lan", false, "default")],
                DriverSource = "/d", BlockDriver = StoragePreference.Viostor, AllowNoDrivers = true, SoftwareRoot = "/s", SoftwareConfiguration = ["/etc/virt-v2v.conf"],
            },
        ];
        Assert.All(objects, item =>
        {
            var text = RenderList(item);
            Assert.Contains(" : ", text, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"(?m): *(\{\})?$", text);
        });
    }

    [Fact]
    public void Objects_survive_serialisation_without_the_running_process()
    {
        // The types file belongs to the runspace, so the serialiser is called there, as Export-Clixml and jobs do.
        var xml = _session.Run("param($r) [Management.Automation.PSSerializer]::Serialize($r)", Result).Only<string>();
        Assert.DoesNotContain("N=\"Open\"", xml, StringComparison.Ordinal);
        var outcome = _session.Run(
            "param($x) $r = [Management.Automation.PSSerializer]::Deserialize($x); $r.Assessment.Source.Name; $r.Assessment.Source.Disks[0].Capacity; $r.Assessment.Changes[0].Path", xml);
        Assert.Equal(["web01", 8L << 30, "/etc/fstab"], outcome.All<object>());
    }

    [Fact]
    public void A_guest_in_a_text_is_its_name() => Assert.Equal("web01 is big", _session.Run("param($g) \"$g is big\"", Guest).Only<string>());

    public void Dispose() => _session.Dispose();

    /// <summary>What Format-List shows: Out-Default takes the list view where there is no table view.</summary>
    private string RenderList(object item) => RenderOnly("ListControl", item);

    private string RenderOnly(string control, object item)
    {
        var views = XDocument.Load(Path.Combine(Repository.Root, "module", "V2V.Format.ps1xml"));
        views.Descendants("View").Where(view => view.Element(control) is null).Remove();
        var path = Path.Combine(_session.Folder, control + ".ps1xml");
        views.Save(path);
        using var session = Session.WithViews(path);
        return session.Render(item);
    }

    private void AssertRow(string expected, object item) => Assert.Contains(expected, TrimLines(_session.Render(item)).Split('\n'));

    private static string TrimLines(string text) => string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()));
}
