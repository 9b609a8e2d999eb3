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
        Open = () => throw new InvalidOperationException("Rendering opens no disk."),
    };

    private static readonly SourceGuest Guest = new()
    {
        Name = "web01",
        SourceKind = "VMX",
        Path = "/vm/web01.vmx",
        Hypervisor = "VMware",
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
    };

    private static readonly ConversionResult Result = new()
    {
        Name = "web01",
        Assessment = Assessment,
        Disks = ["/out/web01-sda.qcow2"],
        DomainXml = "<domain/>",
        DomainXmlPath = "/out/web01.xml",
        Target = "/out",
        BytesRead = 2L << 30,
        BytesWritten = 1L << 30,
        Phases = [new("Open", 0.1), new("Copy", 3.25)],
        Elapsed = TimeSpan.FromSeconds(3.4),
    };

    private readonly Session _session = new();

    [Fact]
    public void Guests_are_a_table() => Assert.Equal(
        """

        Name                     Kind  Hypervisor  CPUs   Memory Disks          Path
        ----                     ----  ----------  ----   ------ -----          ----
        web01                    VMX   VMware         2  3.0 GiB 1 (8.0 GiB)    /vm/web01.vmx


        """.ReplaceLineEndings("\n"), TrimLines(_session.Render(Guest)));

    [Fact]
    public void Disks_are_a_table() => AssertRow("vmdk       8.0 GiB   1.2 GiB Scsi       /vm/web01.vmdk", Disk);

    [Fact]
    public void A_size_that_nobody_knows_is_a_dash() => AssertRow("vmdk       8.0 GiB         - Scsi       /vm/web01.vmdk", Disk with { Allocated = null });

    [Fact]
    public void Assessments_are_a_table() =>
        AssertRow("web01                    True             1 1 warning                        Debian GNU/Linux 12 (bookworm) (x86_64)", Assessment);

    [Fact]
    public void An_assessment_without_an_operating_system_says_so() =>
        AssertRow("web01                    True             0 none                             none found", new GuestAssessment { Source = Guest });

    [Fact]
    public void Results_are_a_table() => AssertRow("web01                      1.0 GiB        3.4 s 1 warning                /out", Result);

    [Fact]
    public void Changes_are_a_table() =>
        AssertRow("Modified /etc/fstab                           /dev/sda1 becomes UUID=1234", Assessment.Changes[0]);

    [Fact]
    public void Concerns_are_a_table() => AssertRow("Warning     NoKvm                    The host has no KVM.", Assessment.Concerns[0]);

    [Fact]
    public void Profiles_are_a_table() => AssertRow(
        "prod             pool vms at qemu:///system               Qcow2  Zstd        others -> bridge br0",
        new ConversionProfile
        {
            Name = "prod",
            StoragePool = "vms",
            Format = ImageFormat.Qcow2,
            Compression = ImageCompression.Zstd,
            NetworkRules = [new(null, true, "br0")],
        });

    [Fact]
    public void Lists_show_what_tables_leave_out()
    {
        // Format-List lives in another module; a list view is what Out-Default takes for an object after one of another type.
        Assert.Contains("Hardware        : q35, Bios, disks on Virtio, network Virtio", _session.Render(Disk, Assessment), StringComparison.Ordinal);
        Assert.Contains("Changes         : {Modified /etc/fstab: /dev/sda1 becomes UUID=1234}", _session.Host.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_list_view_renders_each_of_its_properties()
    {
        object[] objects =
        [
            Guest, Disk, Assessment, Result, Assessment.Changes[0], Assessment.Concerns[0],
            new ConversionProfile { Name = "prod", OutputDirectory = "/srv", NetworkRules = [new("lan", false, "default")] },
        ];
        foreach (var item in objects)
        {
            using var session = new Session();
            var text = session.Render("", item);
            Assert.Contains(" : ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("#ERR", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Objects_survive_serialisation_without_the_running_process()
    {
        var xml = System.Management.Automation.PSSerializer.Serialize(_session.Run("param($r) $r", Result).Only<ConversionResult>());
        dynamic restored = System.Management.Automation.PSSerializer.Deserialize(xml);
        Assert.DoesNotContain("N=\"Open\"", xml, StringComparison.Ordinal);
        Assert.Equal("web01", restored.Assessment.Source.Name);
        using var session = new Session();
        Assert.Equal(8L << 30, session.Run("param($r) $r.Assessment.Source.Disks[0].Capacity", (object)restored).Only<long>());
    }

    public void Dispose() => _session.Dispose();

    private void AssertRow(string expected, object item) => Assert.Contains(expected, TrimLines(_session.Render(item)).Split('\n'));

    private static string TrimLines(string text) => string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()));
}
