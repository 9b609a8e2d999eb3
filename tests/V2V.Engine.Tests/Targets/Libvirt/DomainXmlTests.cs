using System.Xml.Linq;
using System.Xml.XPath;
using V2V.Engine.Conversion;
using V2V.Engine.Inspection;
using V2V.Engine.Sources;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

public sealed class DomainXmlTests
{
    /// <summary>Those of which <see cref="DomainTable"/> has none.</summary>
    public static TheoryData<string> Machines =>
    [
        "everything", "arm", "many disks", "strange names", "floppy", "direct boot without initramfs",
    ];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Libvirts_schema_accepts_every_kind_of_machine(string machine)
    {
        using var folder = new TemporaryFolder();
        DomainXml.Build(Domain(machine)).Save(folder["domain.xml"]);
        ExternalTool.Check("virt-xml-validate", folder["domain.xml"], "domain");
    }

    [Fact]
    public void A_guest_without_a_boot_loader_is_started_by_its_kernel()
    {
        var xml = DomainXml.Build(Domain("direct boot"));
        Assert.Equal(
            ("/images/web-vmlinuz", "/images/web-initrd", "root=UUID=1 ro \"a b\" <&> "),
            (Value(xml, "//os/kernel"), Value(xml, "//os/initrd"), Value(xml, "//os/cmdline")));
        Assert.Null(Value(DomainXml.Build(Domain("usual")), "//os/kernel"));
    }

    [Fact]
    public void Memory_CPUs_and_topology_are_those_of_the_source()
    {
        var xml = DomainXml.Build(SampleDomain.Create());
        Assert.Equal("kvm", Value(xml, "/domain/@type"));
        Assert.Equal(("1572864", "KiB"), (Value(xml, "/domain/memory"), Value(xml, "/domain/memory/@unit")));
        Assert.Equal("1572864", Value(xml, "/domain/currentMemory"));
        Assert.Equal("4", Value(xml, "/domain/vcpu"));
        Assert.Equal("host-model", Value(xml, "/domain/cpu/@mode"));
        Assert.Equal(("2", "2", "1"), (Value(xml, "//topology/@sockets"), Value(xml, "//topology/@cores"), Value(xml, "//topology/@threads")));
        Assert.Equal(("x86_64", "q35", "hvm"), (Value(xml, "//os/type/@arch"), Value(xml, "//os/type/@machine"), Value(xml, "//os/type")));
        Assert.Equal("utc", Value(xml, "/domain/clock/@offset"));
        Assert.Contains("http://debian.org/debian/12", xml.ToString(), StringComparison.Ordinal);
        Assert.Null(Value(xml, "/domain/uuid"));
    }

    [Fact]
    public void A_topology_that_libvirt_would_refuse_is_left_out() =>
        Assert.Null(Value(DomainXml.Build(SampleDomain.Create(source: s => s with { CpuCount = 3 })), "//topology/@sockets"));

    [Fact]
    public void An_emulated_machine_gets_all_that_QEMU_can_emulate() =>
        Assert.Equal("maximum", Value(DomainXml.Build(Domain("emulated")), "/domain/cpu/@mode"));

    [Theory]
    [InlineData("old web", "web", "old web")]
    [InlineData("one\ntwo\u0001", "web", "one two")]
    [InlineData("web", "web", null)]
    public void A_guest_that_is_renamed_keeps_its_name_as_title(string source, string name, string? title) =>
        Assert.Equal(title, Value(DomainXml.Build(SampleDomain.Create(source: s => s with { Name = source }, name: name)), "/domain/title"));

    [Theory]
    [InlineData(DiskBus.Virtio, "q35", "virtio", "vda")]
    [InlineData(DiskBus.VirtioScsi, "q35", "scsi", "sda")]
    [InlineData(DiskBus.Sata, "q35", "sata", "sda")]
    [InlineData(DiskBus.Ide, "pc", "ide", "hda")]
    [InlineData(DiskBus.Ide, "q35", "sata", "sda")]
    [InlineData(DiskBus.Pvscsi, "q35", "scsi", "sda")]
    [InlineData(DiskBus.LsiSas, "q35", "scsi", "sda")]
    public void The_bus_decides_how_disks_are_called(DiskBus bus, string machine, string expectedBus, string expectedName)
    {
        var xml = DomainXml.Build(SampleDomain.Create(h => (h.DiskBus, h.Machine) = (bus, machine)));
        Assert.Equal((expectedBus, expectedName), (Value(xml, "//disk/target/@bus"), Value(xml, "//disk/target/@dev")));
        Assert.Equal(("qemu", "qcow2", "/images/web-0.qcow2"), (Value(xml, "//disk/driver/@name"), Value(xml, "//disk/driver/@type"), Value(xml, "//disk/source/@file")));
    }

    [Fact]
    public void The_disk_with_the_boot_loader_boots_first_and_the_others_keep_their_order()
    {
        var xml = DomainXml.Build(SampleDomain.Create(disks: 4) with { BootDiskIndex = 2 });
        Assert.Equal(["2", "3", "1", "4"], xml.XPathSelectElements("//disk/boot").Select(b => (string?)b.Attribute("order")));
        Assert.Equal(["vda", "vdb", "vdc", "vdd"], xml.XPathSelectElements("//disk/target").Select(t => (string?)t.Attribute("dev")));
    }

    [Theory]
    [InlineData(0, "vda")]
    [InlineData(25, "vdz")]
    [InlineData(26, "vdaa")]
    [InlineData(27, "vdab")]
    [InlineData(701, "vdzz")]
    [InlineData(702, "vdaaa")]
    public void Disks_are_counted_as_Linux_does(int index, string expected) => Assert.Equal(expected, DomainDrives.TargetName("vd", index));

    [Fact]
    public void Guests_with_old_virtio_drivers_get_transitional_devices_on_q35_only()
    {
        void Old(TargetHardware h) => (h.Virtio10, h.HasRandomGenerator, h.HasBalloon, h.HasVsock) = (false, true, true, true);
        var xml = DomainXml.Build(SampleDomain.Create(Old));
        foreach (var path in new[] { "//disk/@model", "//interface/model/@type", "//rng/@model", "//memballoon/@model", "//vsock/@model", "//controller[@type='virtio-serial']/@model" })
        {
            Assert.Equal("virtio-transitional", Value(xml, path));
        }

        Assert.DoesNotContain("transitional", DomainXml.Build(SampleDomain.Create(h => { Old(h); h.Machine = "pc"; })).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_keep_address_and_connection()
    {
        var xml = DomainXml.Build(SampleDomain.Create(h => h.NetworkModel = NetworkModel.E1000));
        var adapters = xml.XPathSelectElements("//interface").ToList();
        Assert.Equal(["network", "bridge"], adapters.Select(a => (string?)a.Attribute("type")));
        Assert.Equal(["52:54:00:00:00:01", "52:54:00:00:00:02"], adapters.Select(a => (string?)a.Element("mac")?.Attribute("address")));
        Assert.Equal("default", (string?)adapters[0].Element("source")?.Attribute("network"));
        Assert.Equal("br0", (string?)adapters[1].Element("source")?.Attribute("bridge"));
        Assert.All(adapters, a => Assert.Equal("e1000", (string?)a.Element("model")?.Attribute("type")));
    }

    [Theory]
    [InlineData(false, "no", false)]
    [InlineData(true, "yes", true)]
    public void Firmware_is_left_to_libvirt_but_secure_boot_is_said(bool secure, string expected, bool keys)
    {
        var xml = DomainXml.Build(SampleDomain.Create(h => h.Firmware = Firmware.Uefi, s => s with { SecureBoot = secure }));
        Assert.Equal("efi", Value(xml, "//os/@firmware"));
        Assert.Equal(expected, Value(xml, "//os/firmware/feature[@name='secure-boot']/@enabled"));
        Assert.Equal(keys, Value(xml, "//os/firmware/feature[@name='enrolled-keys']/@enabled") == "yes");
        Assert.Null(Value(xml, "//os/loader"));
        Assert.Null(Value(DomainXml.Build(SampleDomain.Create()), "//os/@firmware"));
    }

    [Fact]
    public void Empty_drives_take_their_slot_or_the_next_free_one()
    {
        RemovableDrive Cd(int? slot) => new(RemovableDriveKind.CdRom, DiskController.Ide, slot);
        IEnumerable<string?> Names(DiskBus bus, string machine, int disks, params RemovableDrive[] drives) =>
            [.. DomainXml.Build(SampleDomain.Create(h => (h.DiskBus, h.Machine) = (bus, machine), s => s with { RemovableDrives = drives }, disks))
                .XPathSelectElements("//disk[@device='cdrom']/target").Select(t => (string?)t.Attribute("dev"))];

        Assert.Equal(["sdc"], Names(DiskBus.Virtio, "q35", 1, Cd(2)));
        Assert.Equal(["hdc"], Names(DiskBus.Virtio, "pc", 1, Cd(2)));
        Assert.Equal(["sdb"], Names(DiskBus.Sata, "q35", 1, Cd(0)));
        Assert.Equal(["sda", "sdb"], Names(DiskBus.Virtio, "q35", 1, Cd(null), Cd(null)));
        Assert.Equal(["hdd"], Names(DiskBus.Ide, "pc", 3, Cd(0), Cd(1)));
        Assert.Equal(["sdc"], Names(DiskBus.VirtioScsi, "q35", 2, Cd(1)));
    }

    [Fact]
    public void Removable_drives_never_boot_and_have_no_medium()
    {
        var xml = DomainXml.Build(Domain("floppy"));
        foreach (var drive in xml.XPathSelectElements("//disk[@device!='disk']"))
        {
            Assert.Null(drive.Element("source"));
            Assert.Null(drive.Element("boot"));
        }

        Assert.Equal("fda", Value(xml, "//disk[@device='floppy']/target/@dev"));
        Assert.Null(Value(DomainXml.Build(Domain("floppy") with { HasFloppyController = false }), "//disk[@device='floppy']/target/@dev"));
    }

    [Fact]
    public void More_IDE_disks_than_a_machine_has_room_for_are_refused()
    {
        var error = Assert.Throws<TargetException>(() => DomainXml.Build(SampleDomain.Create(h => (h.DiskBus, h.Machine) = (DiskBus.Ide, "pc"), disks: 5)));
        Assert.Equal(V2VError.TargetUnsupported, error.Error);
    }

    [Fact]
    public void Optional_devices_are_there_when_the_guest_can_drive_them()
    {
        var plain = DomainXml.Build(SampleDomain.Create());
        Assert.Equal("none", Value(plain, "//memballoon/@model"));
        Assert.Empty(plain.XPathSelectElements("//rng|//panic|//vsock|//tpm|//sound"));
        var full = DomainXml.Build(Domain("everything"));
        Assert.Equal("virtio", Value(full, "//memballoon/@model"));
        Assert.Equal(5, full.XPathSelectElements("//rng|//panic|//vsock|//tpm|//sound").Count());
        Assert.Equal("org.qemu.guest_agent.0", Value(full, "//channel/target/@name"));
        Assert.Equal("serial", Value(full, "//console/target/@type"));
    }

    /// <summary>Hyper-V's interface came with Vista, most of it with 7; drivers for xHCI with 8; Cirrus' adapter went with Vista.</summary>
    [Theory]
    [InlineData("windows xp", "", false, "cirrus", "", "localtime")]
    [InlineData("windows 2003 x64", "", false, "cirrus", "", "utc")]
    [InlineData("windows 2008", "relaxed vapic spinlocks", true, "vga", "ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3", "utc")]
    [InlineData("windows 7", "relaxed vapic spinlocks vpindex runtime synic stimer frequencies tlbflush ipi", true, "vga", "ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3", "utc")]
    [InlineData("windows 11", "relaxed vapic spinlocks vpindex runtime synic stimer frequencies tlbflush ipi", true, "vga", "", "utc")]
    [InlineData("usual", "", false, "vga", "", "utc")]
    public void Windows_gets_what_its_version_knows(string machine, string features, bool hasClock, string video, string usb, string offset)
    {
        var xml = DomainXml.Build(Domain(machine));

        Assert.Equal(features, string.Join(' ', xml.XPathSelectElements("//features/hyperv/*").Select(e => e.Name.LocalName)));
        Assert.Equal(hasClock, xml.XPathSelectElement("//timer[@name='hypervclock']") is not null);
        Assert.Equal(video, Value(xml, "//video/model/@type"));
        Assert.Equal(usb, string.Join(' ', xml.XPathSelectElements("//controller[@type='usb']").Select(e => (string?)e.Attribute("model"))));
        Assert.Equal(offset, Value(xml, "//clock/@offset"));
        Assert.Equal(machine == "windows 11", xml.XPathSelectElement("//tpm[@model='tpm-crb']/backend[@version='2.0']") is not null);
    }

    [Fact]
    public void An_emulated_machine_is_no_Hyper_V() =>
        Assert.Empty((DomainXml.Build(Domain("windows 11") with { DomainType = "qemu" })).XPathSelectElements("//hyperv|//timer[@name='hypervclock']"));

    [Fact]
    public void Names_with_any_characters_survive_or_are_made_safe()
    {
        var xml = XDocument.Parse(DomainXml.Build(Domain("strange names")).ToString());
        Assert.Equal("a&b<c>\"'\u00fc \U0001F600", Value(xml, "/domain/name"));
        Assert.Equal("Storage \"A\" & backup", Value(xml, "//interface/source/@network"));
        Assert.Equal("one two", Value(xml, "/domain/description"));
    }

    private static DomainDescription Domain(string machine) => machine switch
    {
        "usual" => SampleDomain.Create(),
        "emulated" => SampleDomain.Create() with { DomainType = "qemu" },
        "everything" => SampleDomain.Create(
            h => (h.HasBalloon, h.HasRandomGenerator, h.HasVsock, h.HasPanicDevice) = (true, true, true, true),
            s => s with
            {
                HasTpm = true,
                SoundModel = "ich6",
                GenerationId = Guid.Parse("8c1d1f8e-5d14-4b67-9a3c-0c8f1e2d3b4a"),
                Annotation = "A note",
                RemovableDrives = [new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Sata, 0)],
            }),
        "windows xp" => SampleDomain.Create(h => (h.DiskBus, h.Machine, h.NetworkModel, h.ClockIsLocalTime) = (DiskBus.Ide, "pc", NetworkModel.Rtl8139, true))
            with
        { OperatingSystem = Windows(5, 1, "xp") with { Architecture = "i686" } },
        "windows 2003 x64" => SampleDomain.Create(h => h.Machine = "pc") with { OperatingSystem = Windows(5, 2, "2k3r2") },
        "windows 2008" => SampleDomain.Create(h => h.DiskBus = DiskBus.Sata) with { OperatingSystem = Windows(6, 0, "2k8") },
        "windows 7" => SampleDomain.Create(h => h.NetworkModel = NetworkModel.E1000e) with { OperatingSystem = Windows(6, 1, "7") },
        "windows 11" => SampleDomain.Create(h => h.Firmware = Firmware.Uefi, s => s with { HasTpm = true }) with { OperatingSystem = Windows(10, 0, "11") },
        "arm" => SampleDomain.Create(h => (h.Machine, h.Firmware) = ("virt", Firmware.Uefi))
            with
        { OperatingSystem = SampleDomain.Debian with { Architecture = "aarch64" } },
        "direct boot" => SampleDomain.Create() with { DirectBoot = new DomainDirectBoot("/images/web-vmlinuz", "/images/web-initrd", "root=UUID=1 ro \"a b\" <&>\u0001") },
        "direct boot without initramfs" => SampleDomain.Create() with { DirectBoot = new DomainDirectBoot("/images/web-vmlinuz", null, "root=PARTUUID=1") },
        "many disks" => SampleDomain.Create(disks: 30),
        "strange names" => SampleDomain.Create(source: s => s with { Annotation = "one\u0001two" }, name: "a&b<c>\"'\u00fc \U0001F600")
            with
        { Networks = [new DomainNetwork(false, "Storage \"A\" & backup", "52:54:00:00:00:01")] },
        "floppy" => SampleDomain.Create(
            h => h.Machine = "pc",
            s => s with { RemovableDrives = [new RemovableDrive(RemovableDriveKind.Floppy, DiskController.Unknown, 0), new RemovableDrive(RemovableDriveKind.CdRom, DiskController.Ide, 1)] })
            with
        { HasFloppyController = true },
        _ => throw new ArgumentOutOfRangeException(nameof(machine)),
    };

    private static OperatingSystemInfo Windows(int major, int minor, string id) => SampleDomain.Windows with
    {
        MajorVersion = major,
        MinorVersion = minor,
        LibosinfoId = $"http://microsoft.com/win/{id}",
    };

    private static string? Value(XDocument xml, string path) =>
        ((IEnumerable<object>)xml.XPathEvaluate(path)).FirstOrDefault() switch
        {
            XElement element => element.Value,
            XAttribute attribute => attribute.Value,
            _ => null,
        };
}
