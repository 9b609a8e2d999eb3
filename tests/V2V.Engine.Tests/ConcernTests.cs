using System.Text;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.Windows.FirstBoot;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Inspection;
using V2V.Engine.Tests.Inspection.Windows;
using V2V.Engine.Tests.Sources;
using V2V.Engine.Tests.Targets;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests;

/// <summary>Concerns that no other test makes appear, and what becomes of concerns on their way into an assessment.</summary>
public sealed class ConcernTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Sources

    [Theory]
    [InlineData("memSize = \"2048\"", "VmxKeyRepeated")]
    [InlineData("this is no setting", "VmxLineIgnored")]
    [InlineData("scsi0:0.mode = \"independent-persistent\"", "DiskIndependent")]
    [InlineData("scsi0:0.mode = \"independent-nonpersistent\"", "DiskTransient")]
    [InlineData("scsi0:0.mode = \"persistent\"", null)]
    [InlineData("scsi0:0.sharing = \"multi-writer\"", "DiskShared")]
    [InlineData("scsi0.sharedBus = \"physical\"", "DiskShared")]
    [InlineData("usb.autoConnect.device0 = \"vid:0403 pid:6001\"", "PassthroughIgnored")]
    [InlineData("usb.autoConnect.device0 = \"\"", null)]
    [InlineData("ide1:0.present = \"TRUE\"\nide1:0.deviceType = \"cdrom-image\"\nide1:0.fileName = \"install.iso\"", "RemovableMediaLeft")]
    [InlineData("ide1:0.present = \"TRUE\"\nide1:0.deviceType = \"cdrom-image\"\nide1:0.fileName = \"install.iso\"\nide1:0.startConnected = \"FALSE\"", null)]
    [InlineData("ide1:0.present = \"TRUE\"\nide1:0.deviceType = \"cdrom-raw\"\nide1:0.fileName = \"/dev/cdrom\"", null)]
    [Shows("VmxKeyRepeated", "VmxLineIgnored", "DiskIndependent", "DiskTransient", "PassthroughIgnored", "RemovableMediaLeft")]
    public void Settings_of_VMware_that_do_not_go_over_are_told(string line, string? id)
    {
        SampleDisks.WriteFlat(_folder, "disk.vmdk");
        File.WriteAllText(
            _folder["a.vmx"], $"displayName = \"a\"\nmemSize = \"1024\"\nscsi0.present = \"TRUE\"\nscsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"disk.vmdk\"\n{line}\n");

        Assert.Equal(id is null ? [] : [id], Assert.Single(SampleData.Open(_folder["a.vmx"])).Concerns.Select(c => c.Id));
    }

    [Theory]
    [InlineData("<readonly/>", "", "DiskReadOnly")]
    [InlineData("<mirror type='file' job='copy'/>", "", "DiskBeingCopied")]
    [InlineData("<shareable/>", "", "DiskShared")]
    [InlineData("<transient/>", "", "DiskTransient")]
    [InlineData("", "<disk type='file' device='cdrom'><source file='/iso/install.iso'/><target dev='sda' bus='sata'/></disk>", "RemovableMediaLeft")]
    [InlineData("", "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>", null)]
    [InlineData("", "<hostdev mode='subsystem' type='usb'><source><vendor id='0x0403'/></source></hostdev>", "PassthroughIgnored")]
    [Shows("DiskReadOnly", "DiskBeingCopied")]
    public void Settings_of_libvirt_that_do_not_go_over_are_told(string disk, string devices, string? id)
    {
        File.WriteAllBytes(_folder["disk.img"], new byte[1 << 20]);
        File.WriteAllText(
            _folder["a.xml"],
            "<domain type='kvm'><name>a</name><memory unit='MiB'>1024</memory><devices><disk type='file'><driver name='qemu' type='raw'/><source file='disk.img'/>"
            + $"<target dev='vda' bus='virtio'/>{disk}</disk>{devices}</devices></domain>");

        Assert.Equal(id is null ? [] : [id], Assert.Single(SampleData.Open(_folder["a.xml"])).Concerns.Select(c => c.Id));
    }

    [Fact]
    [Shows("DriveEmpty")]
    public void A_drive_of_Hyper_V_without_an_image_is_told()
    {
        using var sample = SourceSample.Make("hyperv-2012r2-gen2");
        Assert.DoesNotContain(sample.Open().SelectMany(g => g.Concerns), c => c.Id == "DriveEmpty");
        foreach (var settings in Directory.EnumerateFiles(sample.SourcePath, "*.xml", SearchOption.AllDirectories))
        {
            const string Image = "<pathname type=\"string\">E:\\Data\\shares.vhdx</pathname>";
            File.WriteAllText(settings, File.ReadAllText(settings).Replace(Image, "", StringComparison.Ordinal), Encoding.Unicode);
        }

        Assert.Contains(sample.Open().SelectMany(g => g.Concerns), c => c.Id == "DriveEmpty");
    }

    [Fact]
    [Shows("DiskNotInManifest")]
    public void A_disk_that_the_manifest_has_no_digest_for_is_told()
    {
        using var sample = SourceSample.Make("vsphere-7-ovf-uefi");
        var manifest = sample.Folder["web-and-shop.mf"];
        Assert.DoesNotContain(sample.Open().SelectMany(g => g.Concerns), c => c.Id == "DiskNotInManifest");
        File.WriteAllLines(manifest, File.ReadAllLines(manifest).Where(l => !l.Contains("web-and-shop-2.vmdk", StringComparison.Ordinal)));

        Assert.Contains(sample.Open().SelectMany(g => g.Concerns), c => c.Id == "DiskNotInManifest");
    }

    // Guests

    [Theory]
    [InlineData(9, 1000, true)]
    [InlineData(64, 50, true)]
    [InlineData(64, 1000, false)]
    [Shows("DataVolumeFull")]
    public void A_full_volume_with_data_is_told_and_stops_nothing(int mebibytes, long inodes, bool isTold)
    {
        using var phony = PhonyGuest.Debian12();
        var data = new MemoryFileSystem("ext4", "11111111-0000-4000-8000-000000000001") { Capacity = (long)mebibytes << 20, InodeCapacity = inodes };
        phony.Add(MemoryVolume.Partition(0, 3), data);
        phony.Root.WriteAllText("/etc/fstab", phony.Root.ReadAllText("/etc/fstab") + "UUID=11111111-0000-4000-8000-000000000001 /srv ext4 defaults 0 2\n");
        phony.Root.WithDirectory("/srv");

        Assert.Equal(isTold ? [("DataVolumeFull", ConcernSeverity.Warning)] : [], GuestChecks.Run(phony.Inspect(), phony.Source).Select(c => (c.Id, c.Severity)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Shows("FileSystemReadOnly")]
    public void A_file_system_that_has_to_be_changed_and_cannot_be_is_told(bool isReadOnly)
    {
        using var phony = PhonyGuest.Debian12();
        var boot = new MemoryFileSystem("ext4", "22222222-0000-4000-8000-000000000002");
        phony.Add(MemoryVolume.Partition(0, 3), isReadOnly ? new ReadOnlyFileSystem(boot) : boot);
        phony.Root.WriteAllText("/etc/fstab", phony.Root.ReadAllText("/etc/fstab") + "UUID=22222222-0000-4000-8000-000000000002 /var ext4 defaults 0 2\n");

        Assert.Equal(isReadOnly, GuestChecks.Run(phony.Inspect(), phony.Source).Any(c => c is { Id: "FileSystemReadOnly", Severity: ConcernSeverity.Critical }));
    }

    [Fact]
    [Shows("UefiFallbackUnknown")]
    [Lacks("UefiFirmware32Bit")]
    public void A_guest_of_UEFI_whose_system_partition_is_not_there_is_told()
    {
        using var phony = PhonyGuest.Debian12();
        phony.Source = phony.Source with { Firmware = Firmware.Uefi };

        Assert.Equal([("UefiFallbackUnknown", ConcernSeverity.Warning)], GuestChecks.Run(phony.Inspect(), phony.Source).Select(c => (c.Id, c.Severity)));
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(512, false)]
    [InlineData(0, false)]
    [Shows("DiskSectors4K")]
    public void A_partition_table_in_sectors_of_4096_bytes_is_told(int header, bool isTold)
    {
        var disk = new byte[64 << 10];
        if (header > 0)
        {
            "EFI PART"u8.CopyTo(disk.AsSpan(header));
        }

        using var device = MemoryVolume.Partition(0, 1, disk).Device;
        Assert.Equal(isTold ? ["DiskSectors4K"] : [], DiskSectors.Check([device]).Select(c => c.Id));
    }

    [Theory]
    [InlineData("SAVService", 2, "Sophos (service SAVService)")]
    [InlineData("CSAgent", 1, "CrowdStrike Falcon (service CSAgent)")]
    [InlineData("SAVService", 4, null)]
    [InlineData("WinDefend", 2, null)]
    [Lacks("NoBootLoader")]
    public void Antivirus_software_is_told_by_its_services_too(string service, int start, string? name)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSystem($"[ControlSet001\\Services\\{service}]\n\"Start\"=dword:{start}");

        var concerns = phony.Check();

        Assert.Equal(name is null ? [] : ["AntivirusInstalled"], concerns.Select(c => c.Id));
        Assert.All(concerns, c => Assert.Contains(name!, c.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("\"UninstallString\"=\"MsiExec.exe /X{11111111-2222-3333-4444-555555555555}\"\n\"WindowsInstaller\"=dword:1", false)]
    [Shows("ToolsNotUninstalled")]
    public void Tools_without_an_uninstaller_are_told(string uninstaller, bool isTold)
    {
        using var phony = PhonyWindows.Create();
        phony.WithSoftware($"[Microsoft\\Windows\\CurrentVersion\\Uninstall\\x]\n\"DisplayName\"=\"VMware Tools\"\n{uninstaller}");
        using var context = new ConversionContext(phony.Inspect(), phony.Source, new TargetHardware(), TestContext.Current.CancellationToken);

        new UninstallHypervisorTools().Apply(context);

        Assert.Equal(isTold ? ["ToolsNotUninstalled"] : [], context.Concerns.Select(c => c.Id));
        Assert.Equal(isTold ? 0 : 1, context.FirstBoot.Scripts.Count);
    }

    [Theory]
    [InlineData(0xAA64, true)]
    [InlineData(0x8664, false)]
    [Shows("FirstBootUnavailable")]
    public void A_processor_without_a_first_boot_service_is_told(int machine, bool isTold)
    {
        using var phony = PhonyWindows.Create("Windows 10 Pro", "10.0", "19045", "Client", (ushort)machine);
        using var context = new ConversionContext(phony.Inspect(), phony.Source, new TargetHardware(), TestContext.Current.CancellationToken);
        context.FirstBoot.Add(new FirstBootScript(FirstBootPriorities.InstallDrivers, "install", FirstBootScriptKind.Batch, "exit /b 0\r\n"));

        new InstallFirstBootRunner().Apply(context);

        Assert.Equal(isTold ? ["FirstBootUnavailable"] : [], context.Concerns.Select(c => c.Id));
    }

    // Targets

    [Fact]
    [Shows("NetworkMissing", "MemoryExceedsHost", "CpusExceedHost", "TargetRunning")]
    [Lacks("TargetExists", "TargetFull", "NameInvalid")]
    public void A_host_that_is_too_small_and_has_less_is_told_of()
    {
        ExternalTool.Need("virsh");
        using var target = new LibvirtTarget("test:///default", "default-pool");

        // libvirt's test driver: 6 GiB of memory, 16 CPUs, a network called default and a domain called test that runs.
        var request = new TargetRequest("test", [], Overwrite: true) { Domain = Sized(6145, 17), Networks = [new DomainNetwork(false, "lan", "52:54:00:00:00:01")] };

        Assert.Equal(
            ["CpusExceedHost", "MemoryExceedsHost", "NetworkMissing", "TargetRunning"], target.Check(request).Select(c => c.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Lacks("NetworkMissing", "MemoryExceedsHost", "CpusExceedHost", "TargetRunning")]
    public void A_host_that_has_what_is_needed_is_not_told_of()
    {
        ExternalTool.Need("virsh");
        using var target = new LibvirtTarget("test:///default", "default-pool") { DomainType = "test" };

        Assert.Empty(target.Check(new TargetRequest("web", []) { Domain = Sized(6144, 16), Networks = [new DomainNetwork(false, "default", "52:54:00:00:00:01")] }));
    }

    private static DomainDescription Sized(long memory, int cpus) => SampleDomain.Create(source: s => s with { MemoryMiB = memory, CpuCount = cpus, CpuTopology = null });

    [Fact]
    [Shows("TargetIsFile")]
    [Lacks("TargetIsFile", "TargetNotWritable")]
    public void A_folder_that_is_a_file_is_refused()
    {
        File.WriteAllText(_folder["file"], "");
        using var file = new DirectoryTarget(_folder["file"]);
        using var folder = new DirectoryTarget(_folder["new"]);

        Assert.Equal(["TargetIsFile"], file.Check(new TargetRequest("web", [])).Select(c => c.Id));
        Assert.Empty(folder.Check(new TargetRequest("web", [])));
    }

    [Fact]
    [Shows("FormatReplaced", "UefiMissing", "HostUnknown")]
    [Lacks("TargetNotAsked")]
    public void A_target_without_UEFI_that_holds_raw_disks_only_says_both()
    {
        using var target = new RawTarget(_folder["out"]);
        var guest = OpenSample() with { Firmware = Firmware.Uefi };

        var assessment = new GuestConversion(guest, new ConversionOptions()).Assess(target: target, cancellation: TestContext.Current.CancellationToken);

        Assert.Contains(assessment.Concerns, c => c.Id == "FormatReplaced");
        Assert.Contains(assessment.Concerns, c => c is { Id: "UefiMissing", Severity: ConcernSeverity.Critical });
        Assert.Contains(assessment.Concerns, c => c.Id == "HostUnknown");
        Assert.DoesNotContain(assessment.Concerns, c => c.Id == "TargetNotAsked");
        Assert.Equal(target.Description, assessment.Target);
    }

    [Fact]
    [Shows("TargetNotAsked")]
    [Lacks("NothingKept", "LeftBehind", "FormatReplaced", "NetworkNotMapped", "TargetUnsupported", "ConvertedAsIs", "NoKnownHardware", "AsIsPossible", "LeftoverRemoved")]
    public void Without_a_target_nothing_is_said_of_one()
    {
        var guest = OpenSample();
        var options = new ConversionOptions { NetworkRules = [new NetworkRule(null, IsBridge: false, "default")] };

        var assessment = new GuestConversion(guest, options).Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.Equal([("TargetNotAsked", ConcernSeverity.Information)], assessment.Concerns.Select(c => (c.Id, c.Severity)));
        Assert.Null(assessment.Target);
        Assert.Equal(["default", "default"], assessment.Networks.Select(n => n.Name));
    }

    // Errors

    public static TheoryData<V2VError> Errors() => [.. Enum.GetValues<V2VError>().Where(e => !e.ToString().StartsWith("Profile", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Errors))]
    public void An_error_is_a_critical_concern_of_its_name_with_its_advice(V2VError error)
    {
        var guest = OpenSample();
        guest = guest with { Disks = [guest.Disks[0] with { Open = () => throw new V2VException(error, "It is wrong.") { Advice = "Make it right." } }] };

        var assessment = new GuestConversion(guest, new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);

        var concern = Assert.Single(assessment.Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal((error.ToString(), "It is wrong.", "Make it right."), (concern.Id, concern.Message, concern.Advice));
        Assert.False(assessment.Convertible);
        Assert.Null(assessment.EstimatedBytes);
    }

    // Assessments

    [Fact]
    public void What_stands_against_a_guest_in_one_place_does_not_hide_the_others()
    {
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(_folder["out/debian12.xml"], "");
        using var target = new DirectoryTarget(_folder["out"]);
        var guest = OpenSample();
        guest = guest with { Concerns = [.. guest.Concerns, new Concern(ConcernSeverity.Critical, "GuestRunning", "It runs.")] };

        var assessment = new GuestConversion(guest, new ConversionOptions()).Assess(target: target, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(["GuestRunning", "TargetExists"], assessment.Concerns.Where(c => c.Severity == ConcernSeverity.Critical).Select(c => c.Id));
        Assert.NotNull(assessment.OperatingSystem);
        Assert.NotEmpty(assessment.Changes);
    }

    [Fact]
    public void Checks_alone_run_no_steps_and_find_the_system_and_the_size()
    {
        var whole = new GuestConversion(OpenSample(), new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);
        var checks = new GuestConversion(OpenSample(), new ConversionOptions()) { CheckOnly = true }.Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(whole.OperatingSystem?.ProductName, checks.OperatingSystem?.ProductName);
        Assert.NotEmpty(whole.Changes);
        Assert.Empty(checks.Changes);
        Assert.Null(checks.Hardware);
        Assert.DoesNotContain(checks.Phases, p => p.Name is "Convert" or "Verify");
        Assert.InRange(checks.EstimatedBytes!.Value, 1, whole.EstimatedBytes!.Value);
    }

    [Fact]
    public void The_estimate_is_what_a_conversion_then_copies()
    {
        var planned = new GuestConversion(OpenSample(), new ConversionOptions()).Assess(cancellation: TestContext.Current.CancellationToken);
        using var target = new DirectoryTarget(_folder["out"]);
        var result = new GuestConversion(OpenSample(), new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(planned.EstimatedBytes, result.BytesRead);
        Assert.InRange(new FileInfo(result.Disks[0]).Length, 1, planned.EstimatedTargetBytes!.Value);
        Assert.True(planned.EstimatedTime > TimeSpan.Zero);
        Assert.Null(result.Assessment.EstimatedTime);
        Assert.Equal(planned.EstimatedBytes, result.Assessment.EstimatedBytes);
    }

    // What is ignored

    [Theory]
    [InlineData("GuestRunning")]
    [InlineData("guestr*")]
    [InlineData("*")]
    public void A_concern_that_can_be_ignored_becomes_a_warning(string pattern)
    {
        var guest = Running();
        var options = new ConversionOptions { IgnoredConcerns = [pattern] };
        using var refusing = new DirectoryTarget(_folder["refused"]);
        Assert.Equal(V2VError.GuestRunning, Assert.ThrowsAny<V2VException>(() => new GuestConversion(guest, new ConversionOptions()).Convert(refusing, cancellation: TestContext.Current.CancellationToken)).Error);
        using var target = new DirectoryTarget(_folder["out"]);

        var result = new GuestConversion(guest, options).Convert(target, cancellation: TestContext.Current.CancellationToken);

        var concern = Assert.Single(result.Assessment.Concerns, c => c.Id == "GuestRunning");
        Assert.Equal(ConcernSeverity.Warning, concern.Severity);
        Assert.EndsWith("and is ignored as told.", concern.Message, StringComparison.Ordinal);
        Assert.True(result.Assessment.Convertible);
    }

    [Theory]
    [InlineData("TargetExists", "TargetExists cannot be ignored.")]
    [InlineData("*", null)]
    public void A_concern_that_cannot_be_ignored_says_so_when_it_is_named(string pattern, string? note)
    {
        Directory.CreateDirectory(_folder["out"]);
        File.WriteAllText(_folder["out/debian12.xml"], "");
        using var target = new DirectoryTarget(_folder["out"]);

        var error = Assert.ThrowsAny<V2VException>(
            () => new GuestConversion(OpenSample(), new ConversionOptions { IgnoredConcerns = [pattern] }).Convert(target, cancellation: TestContext.Current.CancellationToken));

        Assert.Equal(V2VError.TargetExists, error.Error);
        Assert.Equal(note is not null, error.Message.EndsWith(note ?? "cannot be ignored.", StringComparison.Ordinal));
    }

    private static SourceGuest OpenSample() =>
        Assert.Single(GuestSources.Open(Path.Combine(ConcernSource.Repository(), "samples/debian12.ova"), TestContext.Current.CancellationToken));

    private static SourceGuest Running()
    {
        var guest = OpenSample();
        return guest with { Concerns = [.. guest.Concerns, new Concern(ConcernSeverity.Critical, nameof(V2VError.GuestRunning), "It runs.")] };
    }

    /// <summary>What a host without UEFI and a pool of block devices would answer.</summary>
    private sealed class RawTarget(string folder) : ConversionTarget
    {
        private readonly DirectoryTarget _target = new(folder);

        public override string Description => "a pool of block devices";

        public override HostCapabilities Capabilities => _target.Capabilities with { HasUefi = false };

        public override ImageFormat FormatFor(ImageFormat wanted) => ImageFormat.Raw;

        public override IReadOnlyList<Concern> Check(TargetRequest request) => _target.Check(request);

        public override TargetDisk CreateDisk(TargetDiskRequest request) => _target.CreateDisk(request);

        public override DefinedDomain Define(DomainDescription domain) => _target.Define(domain);

        public override IReadOnlyList<Concern> RollBack() => _target.RollBack();

        protected override void Dispose(bool disposing)
        {
            _target.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>A file system that the engine could read but not write.</summary>
    private sealed class ReadOnlyFileSystem(GuestFileSystem inner) : GuestFileSystem
    {
        public override string Kind => inner.Kind;

        public override string? Uuid => inner.Uuid;

        public override string? Label => inner.Label;

        public override GuestSpace Space => inner.Space;

        public override Engine.FileSystems.GuestFile? Find(string path) => inner.Find(path);

        public override IEnumerable<GuestDirectoryEntry> Enumerate(string path) => inner.Enumerate(path);

        public override int Read(string path, long offset, Span<byte> buffer) => inner.Read(path, offset, buffer);

        public override string ReadLink(string path) => inner.ReadLink(path);

        public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path) => inner.ExtendedAttributes(path);

        public override IEnumerable<ByteRange> FreeExtents() => inner.FreeExtents();
    }
}
