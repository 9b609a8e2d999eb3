using System.Xml.Linq;
using V2V.Engine.Conversion;
using V2V.Engine.Native.Libvirt;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>Against the libvirt of this machine, judged by virsh. Each test has a pool and names of its own.</summary>
public sealed class LibvirtTargetTests : IDisposable
{
    private const string Uri = "qemu:///system";

    private const int Capacity = 4 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";
    private bool _hasPool;

    public void Dispose()
    {
        if (_hasPool)
        {
            ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _name);
            ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _name);
            ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _name);
        }

        _folder.Dispose();
    }

    [Fact]
    public void A_domain_is_defined_with_its_disk_in_the_pool()
    {
        MakePool();
        using var target = new LibvirtTarget(Uri, _name);
        Assert.DoesNotContain(target.Check(Request()), c => c.Severity == ConcernSeverity.Critical);
        var disk = Fill(target);
        Assert.DoesNotContain(DiskName, Virsh("vol-list", _name), StringComparison.Ordinal);
        var defined = target.Define(Domain(disk));
        Assert.Contains(DiskName, Virsh("vol-list", _name), StringComparison.Ordinal);

        Assert.Equal(defined.Uuid.ToString(), Virsh("domuuid", _name).Trim());
        var xml = XElement.Parse(Virsh("dumpxml", _name));
        Assert.Equal(_folder[DiskName], (string?)xml.Element("devices")?.Element("disk")?.Element("source")?.Attribute("file"));
        Assert.Equal("shut off", Virsh("domstate", _name).Trim());
        var volume = XElement.Parse(Virsh("vol-dumpxml", "--pool", _name, DiskName));
        Assert.Equal("qcow2", (string?)volume.Element("target")?.Element("format")?.Attribute("type"));
        Assert.Equal(Capacity.ToString(), volume.Element("capacity")?.Value);
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", _folder[DiskName]);
        Assert.Empty(target.RollBack());
        Assert.True(File.Exists(_folder[DiskName]));
    }

    [Fact]
    public void Nothing_is_left_of_a_conversion_that_is_rolled_back()
    {
        MakePool();
        using (var target = new LibvirtTarget(Uri, _name))
        {
            target.Check(Request());
            Fill(target);
            Assert.Empty(target.RollBack());
        }

        Assert.DoesNotContain(DiskName, Virsh("vol-list", _name), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void Nothing_is_left_when_libvirt_refuses_the_domain()
    {
        MakePool();
        using (var target = new LibvirtTarget(Uri, _name))
        {
            var domain = Domain(Fill(target));
            // No machine runs without a CPU.
            var error = Assert.Throws<LibvirtException>(() => target.Define(domain with { Source = domain.Source with { CpuCount = 0, CpuTopology = null } }));
            Assert.Equal(V2VError.LibvirtFailed, error.Error);
            Assert.Contains(_name, error.Message, StringComparison.Ordinal);
        }

        Assert.NotEqual(0, ExternalTool.Run("virsh", "-c", Uri, "domstate", _name).ExitCode);
        Assert.Empty(Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void Everything_that_exists_already_stands_against_a_conversion()
    {
        MakePool();
        using (var first = new LibvirtTarget(Uri, _name))
        {
            first.Define(Domain(Fill(first)));
        }

        using var second = new LibvirtTarget(Uri, _name);
        var critical = second.Check(Request()).Where(c => c.Severity == ConcernSeverity.Critical).ToList();
        Assert.Equal(2, critical.Count);
        Assert.Contains(critical, c => c.Message.Contains("domain", StringComparison.Ordinal));
        Assert.Contains(critical, c => c.Message.Contains(DiskName, StringComparison.Ordinal));
        Assert.Equal(V2VError.TargetExists, Assert.Throws<TargetException>(() => Fill(second)).Error);
    }

    [Fact]
    public void A_domain_and_its_disk_are_replaced_at_the_end_only()
    {
        MakePool();
        Guid? oldUuid;
        using (var first = new LibvirtTarget(Uri, _name))
        {
            oldUuid = first.Define(Domain(Fill(first, content: 1))).Uuid;
        }

        var old = File.ReadAllBytes(_folder[DiskName]);
        using (var failed = new LibvirtTarget(Uri, _name))
        {
            Assert.DoesNotContain(failed.Check(Request() with { Overwrite = true }), c => c.Severity == ConcernSeverity.Critical);
            var domain = Domain(Fill(failed, content: 2));
            Assert.Equal(old, File.ReadAllBytes(_folder[DiskName]));
            Assert.Throws<LibvirtException>(() => failed.Define(domain with { Source = domain.Source with { CpuCount = 0, CpuTopology = null } }));
            Assert.Empty(failed.RollBack());
        }

        Assert.Equal(old, File.ReadAllBytes(_folder[DiskName]));
        Assert.Equal(oldUuid.ToString(), Virsh("domuuid", _name).Trim());

        using (var second = new LibvirtTarget(Uri, _name))
        {
            second.Check(Request() with { Overwrite = true });
            var uuid = second.Define(Domain(Fill(second, content: 2))).Uuid;
            Assert.Equal(uuid.ToString(), Virsh("domuuid", _name).Trim());
        }

        Assert.NotEqual(old, File.ReadAllBytes(_folder[DiskName]));
        Assert.Equal([DiskName], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", _folder[DiskName]);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("q35", DiskBus.Virtio, Firmware.Bios, false, true)]
    [InlineData("q35", DiskBus.Virtio, Firmware.Bios, false, false)]
    [InlineData("q35", DiskBus.Virtio, Firmware.Uefi, false, true)]
    [InlineData("q35", DiskBus.VirtioScsi, Firmware.Uefi, true, true)]
    [InlineData("q35", DiskBus.Sata, Firmware.Bios, false, true)]
    [InlineData("pc", DiskBus.Ide, Firmware.Bios, false, true)]
    [InlineData("pc", DiskBus.VirtioScsi, Firmware.Bios, false, false)]
    public void QEMU_starts_every_machine_that_is_defined(string machine, DiskBus bus, Firmware firmware, bool secureBoot, bool virtio10)
    {
        MakePool();
        if (!OperatingSystem.IsWindows())
        {
            // QEMU runs as a user of its own.
            File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        using var target = new LibvirtTarget(Uri, _name) { DomainType = "qemu" };
        target.Check(Request());
        Assert.SkipWhen(firmware == Firmware.Uefi && target.Capabilities.HasUefi != true, "needs UEFI firmware for QEMU (package ovmf)");
        var domain = SampleDomain.Create(
            h =>
            {
                (h.Machine, h.DiskBus, h.Firmware, h.Virtio10) = (machine, bus, firmware, virtio10);
                (h.HasBalloon, h.HasRandomGenerator, h.HasPanicDevice) = (true, true, true);
            },
            s => s with
            {
                MemoryMiB = 256,
                SecureBoot = secureBoot,
                SoundModel = "ich6",
                HasTpm = true,
                GenerationId = Guid.NewGuid(),
                RemovableDrives = [new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, 2), new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown)],
            },
            name: _name) with
        { Disks = [Fill(target).Source], Networks = [] };
        target.Define(domain.FitTo(target));

        Virsh("start", "--paused", _name);
        Assert.Equal("paused", Virsh("domstate", _name).Trim());
        Virsh("destroy", _name);
    }

    /// <summary>QEMU's controllers differ in how many targets and units they have, and libvirt does not know of that.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(DiskBus.VirtioScsi, 9)]
    [InlineData(DiskBus.Pvscsi, 17)]
    [InlineData(DiskBus.LsiSas, 9)]
    [InlineData(DiskBus.Sata, 9)]
    public void QEMU_starts_machines_with_many_disks(DiskBus bus, int disks)
    {
        using var pool = new TestPool();
        using var target = new LibvirtTarget(Uri, pool.Name) { DomainType = "qemu" };
        var images = Enumerable.Range(0, disks).Select(i => Path.Combine(pool.Folder, $"{i}.qcow2")).ToArray();
        foreach (var image in images)
        {
            ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", image, "1M");
        }

        var domain = SampleDomain.Create(h => h.DiskBus = bus, s => s with { MemoryMiB = 256 }, name: pool.Name) with
        {
            Disks = [.. images.Select(i => new DomainDiskSource(ImageFormat.Qcow2, i))],
            Networks = [],
        };
        target.Define(domain.FitTo(target));

        Virsh("start", "--paused", pool.Name);
        Assert.Equal("paused", Virsh("domstate", pool.Name).Trim());
        var known = XElement.Parse(Virsh("dumpxml", pool.Name));
        var type = bus == DiskBus.Sata ? "sata" : "scsi";
        Assert.Single(known.Descendants("controller").Where(c => (string?)c.Attribute("type") == type).Select(c => (string?)c.Attribute("model")).Distinct());
    }

    /// <summary>Old versions name controllers and adapters that libvirt would not choose by itself.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("q35", 1)]
    [InlineData("pc", 1)]
    [InlineData("pc", 0)]
    public void QEMU_starts_the_machines_of_old_Windows(string machine, int minor)
    {
        MakePool();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.Path, File.GetUnixFileMode(_folder.Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        using var target = new LibvirtTarget(Uri, _name) { DomainType = "qemu" };
        target.Check(Request());
        target.Define((SampleDomain.Create(h => (h.Machine, h.DiskBus, h.ClockIsLocalTime) = (machine, machine == "pc" ? DiskBus.Ide : DiskBus.Sata, true), s => s with { MemoryMiB = 256 }, name: _name) with
        {
            OperatingSystem = SampleDomain.Windows with { MajorVersion = minor == 0 ? 5 : 6, MinorVersion = 1 },
            Disks = [Fill(target).Source],
            Networks = [],
        }).FitTo(target));

        Virsh("start", "--paused", _name);
        Assert.Equal("paused", Virsh("domstate", _name).Trim());
        Virsh("destroy", _name);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void QEMU_may_read_the_kernel_that_a_domain_starts()
    {
        MakePool();
        var kernel = Directory.GetFiles("/boot", "vmlinuz-*").FirstOrDefault();
        Assert.SkipWhen(kernel is null, "needs a kernel in /boot (package linux-image-amd64)");
        // QEMU runs as a user of its own.
        ExternalTool.Check("chmod", "755", _folder.Path);
        using var target = new LibvirtTarget(Uri, _name) { DomainType = "qemu" };
        var content = File.ReadAllBytes(kernel);
        var request = new TargetDiskRequest($"{_name}-vmlinuz", ImageFormat.Raw, content.Length, content.Length);
        Assert.DoesNotContain(target.Check(Request() with { Disks = [.. Request().Disks, request] }), c => c.Severity == ConcernSeverity.Critical);
        var disk = Fill(target);
        var file = target.CreateDisk(request);
        file.Writer.Write(0, content);
        file.Writer.Complete();

        target.Define((Domain(disk) with { DirectBoot = new DomainDirectBoot(file.Source.Path!, null, "console=ttyS0"), Networks = [] }).FitTo(target));

        Assert.Equal(content, File.ReadAllBytes(_folder[$"{_name}-vmlinuz"]));
        Assert.Contains($"{_name}-vmlinuz", Virsh("vol-list", _name), StringComparison.Ordinal);
        Virsh("start", "--paused", _name);
        Virsh("destroy", _name);
        Assert.Empty(target.RollBack());
        Assert.True(File.Exists(_folder[$"{_name}-vmlinuz"]));
    }

    [Fact]
    public void Networks_that_the_host_does_not_have_are_reported()
    {
        MakePool();
        using var target = new LibvirtTarget(Uri, _name);
        var request = Request() with { Networks = [new DomainNetwork(false, "no-such-net", "52:54:00:00:00:01"), new DomainNetwork(true, "nobr0", "52:54:00:00:00:02")] };
        Assert.Equal(2, target.Check(request).Count(c => c.Id == "NetworkMissing"));
    }

    [Fact]
    public void A_pool_that_is_missing_or_stopped_stands_against_a_conversion()
    {
        NeedLibvirt();
        using (var target = new LibvirtTarget(Uri, _name))
        {
            Assert.Contains(target.Check(Request()), c => c.Severity == ConcernSeverity.Critical && c.Message.Contains("does not exist", StringComparison.Ordinal));
        }

        MakePool();
        Virsh("pool-destroy", _name);
        using var stopped = new LibvirtTarget(Uri, _name);
        Assert.Contains(stopped.Check(Request()), c => c.Severity == ConcernSeverity.Critical && c.Message.Contains("not active", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pool_without_room_stands_against_a_conversion()
    {
        MakePool();
        using var target = new LibvirtTarget(Uri, _name);
        Assert.Contains(target.Check(new TargetRequest(_name, [Disk() with { EstimatedBytes = long.MaxValue / 2 }])), c => c.Id == "TargetFull");
    }

    [Fact]
    public void Errors_of_libvirt_become_exceptions_with_its_words()
    {
        NeedLibvirt();
        var error = Assert.Throws<LibvirtException>(() => VirConnectOpen.Call("nosuch:///driver"));
        Assert.Equal(V2VError.LibvirtUnavailable, error.Error);
        Assert.Contains("nosuch:///driver", error.Message, StringComparison.Ordinal);
        Assert.Contains("no connection driver", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_test_driver_serves_for_looking_up_and_defining()
    {
        using var connect = OpenTestDriver();
        using (var running = VirDomainLookupByName.Call(connect, "test"))
        {
            Assert.NotNull(running);
            Assert.True(VirDomainIsActive.Call(running, "test"));
        }

        Assert.Null(VirDomainLookupByName.Call(connect, "web"));
        using var defined = VirDomainDefineXMLFlags.Call(
            connect, "web", "<domain type='test'><name>web</name><memory>1024</memory><os><type>hvm</type></os></domain>");
        Assert.NotEqual(Guid.Empty, VirDomainGetUUIDString.Call(defined, "web"));
        Assert.Contains("<name>web</name>", VirDomainGetXMLDesc.Call(defined, "web"), StringComparison.Ordinal);
        using var pool = VirStoragePoolLookupByName.Call(connect, "default-pool");
        Assert.NotNull(pool);
        Assert.Equal(VirStoragePoolState.Running, VirStoragePoolGetInfo.Call(pool, "default-pool").State);
    }

    private static ConnectHandle OpenTestDriver()
    {
        NeedLibrary();
        return VirConnectOpen.Call("test:///default");
    }

    private static void NeedLibrary()
    {
        try
        {
            LibvirtLibrary.EnsureLoaded();
        }
        catch (LibvirtException e) when (e.Error == V2VError.LibvirtUnavailable)
        {
            Assert.Skip($"needs the libvirt client library: {e.Message}");
        }
    }

    private static void NeedLibvirt()
    {
        NeedLibrary();
        var (exitCode, output) = ExternalTool.Run("virsh", "-c", Uri, "version");
        Assert.SkipUnless(exitCode == 0, $"needs a running libvirtd with QEMU at {Uri}: {output}");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, for a pool of libvirt's own");
    }

    private void MakePool()
    {
        NeedLibvirt();
        Virsh("pool-define-as", _name, "dir", "--target", _folder.Path);
        _hasPool = true;
        Virsh("pool-start", _name);
    }

    private string DiskName => $"{_name}-sda.qcow2";

    private TargetDiskRequest Disk() => new(DiskName, ImageFormat.Qcow2, Capacity, Capacity);

    private TargetRequest Request() => new(_name, [Disk()]);

    private DomainDescription Domain(TargetDisk disk) => SampleDomain.Create(name: _name) with { Disks = [disk.Source] };

    private TargetDisk Fill(LibvirtTarget target, byte content = 1)
    {
        var disk = target.CreateDisk(Disk());
        var data = new byte[65536];
        data.AsSpan().Fill(content);
        disk.Writer.Write(0, data);
        disk.Writer.Complete();
        return disk;
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
}
