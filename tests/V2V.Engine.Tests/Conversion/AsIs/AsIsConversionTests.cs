using System.Xml.Linq;
using System.Xml.XPath;
using V2V.Engine.Conversion;
using V2V.Engine.Conversion.AsIs;
using V2V.Engine.Sources;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.AsIs;

/// <summary>Guests that V2V cannot edit: refused by name, with the way out, which then works.</summary>
public sealed class AsIsConversionTests : IDisposable
{
    private const int BootStart = 1 << 20;
    private const int RootStart = 65 << 20;

    private readonly Workshop _workshop = new();

    private string Disk => Path.Combine(_workshop.Folder, "guest.raw");

    public void Dispose() => _workshop.Dispose();

    [Theory]
    [InlineData(DiskController.Scsi, "pvscsi", Firmware.Bios, DiskBus.Pvscsi)]
    [InlineData(DiskController.Scsi, "virtualscsi", Firmware.Uefi, DiskBus.Pvscsi)]
    [InlineData(DiskController.Scsi, "lsisas1068", Firmware.Bios, DiskBus.LsiSas)]
    [InlineData(DiskController.Scsi, "lsilogicsas", Firmware.Bios, DiskBus.LsiSas)]
    [InlineData(DiskController.Scsi, "lsilogic", Firmware.Bios, null)]
    [InlineData(DiskController.Scsi, null, Firmware.Bios, null)]
    [InlineData(DiskController.Sata, "ahci", Firmware.Uefi, DiskBus.Sata)]
    [InlineData(DiskController.Ide, null, Firmware.Bios, DiskBus.Ide)]
    [InlineData(DiskController.Ide, null, Firmware.Uefi, null)]
    [InlineData(DiskController.Virtio, null, Firmware.Bios, DiskBus.Virtio)]
    [InlineData(DiskController.Xen, null, Firmware.Bios, null)]
    [InlineData(DiskController.Unknown, null, Firmware.Bios, null)]
    public void A_guest_keeps_a_controller_that_QEMU_emulates(DiskController controller, string? model, Firmware firmware, DiskBus? expected)
    {
        var guest = Guest(controller, model);
        Assert.Equal(expected, AsIsHardware.KnownBus(guest, firmware));

        // Disks on different controllers cannot all be attached to one.
        var other = guest.Disks[0] with { Controller = DiskController.Nvme };
        Assert.Null(AsIsHardware.KnownBus(guest with { Disks = [guest.Disks[0], other] }, firmware));
    }

    [Fact]
    [Shows("AsIsPossible")]
    public void A_system_on_btrfs_is_refused_with_the_way_out()
    {
        BuildBtrfsGuest("");
        var assessment = new GuestConversion(Guest(DiskController.Scsi, "pvscsi"), new ConversionOptions())
            .Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.False(assessment.Convertible);
        Assert.Contains(assessment.Concerns, c => c.Severity == ConcernSeverity.Critical && c.Message.Contains("btrfs", StringComparison.Ordinal));
        Assert.Contains("-AsIs", Assert.Single(assessment.Concerns, c => c.Id == "AsIsPossible").Message, StringComparison.Ordinal);
    }

    [Fact]
    [Shows("ConvertedAsIs")]
    public void A_guest_that_is_converted_as_it_is_keeps_every_byte_and_its_controller()
    {
        BuildBtrfsGuest("");
        using var target = new DirectoryTarget(Path.Combine(_workshop.Folder, "out"));
        var result = new GuestConversion(Guest(DiskController.Scsi, "pvscsi"), new ConversionOptions { AsIs = true })
            .Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Empty(result.Assessment.Changes);
        Assert.Single(result.Assessment.Concerns, c => c.Id == "ConvertedAsIs");
        ExternalTool.Check("qemu-img", "compare", Disk, result.Disks[0]);
        var domain = XDocument.Parse(result.DomainXml);
        Assert.Equal("vmpvscsi", (string?)domain.XPathSelectElement("//controller[@type='scsi']")!.Attribute("model"));
        Assert.Equal("vmxnet3", (string?)domain.XPathSelectElement("//interface/model")!.Attribute("type"));
        ExternalTool.Check("virt-xml-validate", result.DomainXmlPath!, "domain");
    }

    [Theory]
    [InlineData("ahci sd_mod", true)]
    [InlineData("mptspi sd_mod", false)]
    public void An_initramfs_in_a_boot_volume_that_can_be_read_tells_whether_SATA_will_do(string modules, bool works)
    {
        BuildBtrfsGuest(modules);
        var assessment = new GuestConversion(Guest(DiskController.Scsi, "lsilogic"), new ConversionOptions { AsIs = true })
            .Assess(cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(works, assessment.Convertible);
        if (works)
        {
            Assert.Equal(DiskBus.Sata, assessment.Hardware!.DiskBus);
        }
        else
        {
            Assert.Contains("lsilogic", Assert.Single(assessment.Concerns, c => c.Id == "NoKnownHardware").Message, StringComparison.Ordinal);
        }
    }

    private SourceGuest Guest(DiskController controller, string? model) => new()
    {
        Name = "guest",
        SourceKind = "Disk",
        Path = Disk,
        Disks =
        [
            new SourceDisk
            {
                Path = Disk,
                Format = "raw",
                Capacity = File.Exists(Disk) ? new FileInfo(Disk).Length : 0,
                Controller = controller,
                ControllerModel = model,
                Open = () => V2V.Engine.Disks.DiskImages.Open(Disk, new() { Format = "raw" }),
            },
        ],
        NetworkAdapters = [new SourceNetworkAdapter("00:50:56:9a:00:01", "vmxnet3", "VM Network")],
    };

    /// <summary>An ext4 /boot, with a kernel's initramfs of these modules if there are any, and a btrfs root.</summary>
    private void BuildBtrfsGuest(string modules)
    {
        ExternalTool.Need("mkfs.btrfs", "mke2fs", "sfdisk", "cpio", "depmod", "qemu-img", "virt-xml-validate");
        var kernel = InstalledModules.Find().Version;
        _workshop.Shell("mkdir boot rootfs; mkdir -p rootfs/etc rootfs/bin; touch rootfs/etc/fstab");
        if (modules.Length > 0)
        {
            _workshop.Save("boot/initrd.img-" + kernel, _workshop.Archive(
                $"d=lib/modules/{kernel}; mkdir -p $d\n"
                + $"for m in {modules}; do for f in $(modprobe -S {kernel} --show-depends $m | sed -n 's/^insmod \\([^ ]*\\).*/\\1/p'); do "
                + $"mkdir -p .$(dirname $f); cp $f .$f; done; done\ndepmod -b . {kernel}"));
            _workshop.Save("boot/vmlinuz-" + kernel, [1]);
        }

        _workshop.Shell(
            $"""
            truncate -s 256M guest.raw
            printf 'start={BootStart / 512}, size={(RootStart - BootStart) / 512}, type=83\nstart={RootStart / 512}, type=83\n' | sfdisk -q --no-reread guest.raw
            mke2fs -q -F -t ext4 -d boot -E offset={BootStart} guest.raw {(RootStart - BootStart) >> 10}k
            truncate -s $((256 * 1048576 - {RootStart})) root.img
            mkfs.btrfs -q --rootdir rootfs root.img
            dd if=root.img of=guest.raw bs=1M seek={RootStart >> 20} conv=notrunc status=none
            """);
    }
}
