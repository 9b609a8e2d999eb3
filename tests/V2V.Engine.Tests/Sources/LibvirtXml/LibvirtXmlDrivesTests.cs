using System.Xml.Linq;
using V2V.Engine.Sources;
using V2V.Engine.Sources.LibvirtXml;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.LibvirtXml;

public sealed class LibvirtXmlDrivesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public void A_disk_that_lay_elsewhere_is_found_beside_the_description()
    {
        Raw(_folder, "web.img");
        Assert.Equal(_folder["web.img"], Assert.Single(Read("<source file='/var/lib/xen/images/web.img'/>").Disks).Path);
        Assert.Equal(_folder["web.img"], Assert.Single(Read("<source file='C:\\VMs\\web.img'/>").Disks).Path);
        Assert.Equal(_folder["web.img"], Assert.Single(Read("<source dev='/dev/vg/web.img'/>", "block").Disks).Path);
        Assert.Equal(_folder["web.img"], Assert.Single(Read("<source file='web.img'/>").Disks).Path);
    }

    [Fact]
    public void A_disk_elsewhere_is_opened_only_with_leave()
    {
        Raw(_elsewhere, "web.img");
        var disk = $"<source file='{_elsewhere["web.img"]}'/>";
        var error = Assert.Throws<SourceException>(() => Read(disk));
        Assert.Equal(V2VError.DiskImageOutsideFolder, error.Error);
        Assert.Contains("-AllowDiskFolder", error.Advice, StringComparison.Ordinal);

        Assert.Equal(_elsewhere["web.img"], Assert.Single(Read(disk, allow: _elsewhere.Path).Disks).Path);
        Assert.Throws<SourceException>(() => Read("<source file='/etc/passwd'/>", allow: _elsewhere.Path));
        Assert.Throws<SourceException>(() => Read($"<source file='{_elsewhere.Path}/../../etc/passwd'/>", allow: _elsewhere.Path));
    }

    [Fact]
    public void The_place_that_the_description_names_wins_where_it_is_allowed()
    {
        Raw(_folder, "web.img");
        Raw(_elsewhere, "web.img");
        var disk = $"<source file='{_elsewhere["web.img"]}'/>";
        Assert.Equal(_folder["web.img"], Assert.Single(Read(disk).Disks).Path);
        Assert.Equal(_elsewhere["web.img"], Assert.Single(Read(disk, allow: _elsewhere.Path).Disks).Path);
    }

    [Fact]
    public void A_link_beside_the_description_does_not_lead_out_of_the_folder()
    {
        Raw(_elsewhere, "web.img");
        File.CreateSymbolicLink(_folder["web.img"], _elsewhere["web.img"]);
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<SourceException>(() => Read("<source file='/x/web.img'/>")).Error);
        Assert.Single(Read("<source file='/x/web.img'/>", allow: _elsewhere.Path).Disks);
    }

    [Fact]
    public void A_backing_file_elsewhere_is_opened_only_with_leave()
    {
        ExternalTool.Need("qemu-img");
        Raw(_elsewhere, "base.img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-b", _elsewhere["base.img"], "-F", "raw", _folder["top.qcow2"]);
        const string Disk = "<driver type='qcow2'/><source file='/x/top.qcow2'/>";
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<DiskImageException>(() => Read(Disk)).Error);
        using var device = Assert.Single(Read(Disk, allow: _elsewhere.Path).Disks).Open();
        Assert.Equal(1 << 20, device.Length);
    }

    [Fact]
    public void A_raw_disk_stays_raw_whatever_its_guest_wrote_into_it()
    {
        ExternalTool.Need("qemu-img");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder["trap.disk"], "1G");
        var disk = Assert.Single(Read("<driver name='qemu' type='raw'/><source file='trap.disk'/>").Disks);
        Assert.Equal("raw", disk.Format);
        Assert.True(disk.Capacity < 1 << 20);
        Assert.Equal("raw", Assert.Single(Read("<driver name='tap' type='aio'/><source file='trap.disk'/>").Disks).Format);

        // Without a format raw is meant, and this is not what raw looks like.
        var error = Assert.Throws<SourceException>(() => Read("<source file='trap.disk'/>"));
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains("qcow2", error.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<driver name='tap' type='cow'/>")]
    [InlineData("<driver name='qemu' type='bochs'/>")]
    public void A_format_that_cannot_be_read_is_refused_by_name(string driver)
    {
        Raw(_folder, "web.img");
        Assert.Equal(V2VError.DiskImageUnsupported, Assert.Throws<DiskImageException>(() => Read($"{driver}<source file='web.img'/>")).Error);
    }

    [Theory]
    [InlineData("network", "<source protocol='rbd' name='pool/web'/>", "network (rbd pool/web)")]
    [InlineData("network", "<source protocol='nbd'><host transport='unix' socket='/run/nbd'/></source>", "network (nbd")]
    [InlineData("volume", "<source pool='default' volume='web'/>", "volume web of the pool default")]
    [InlineData("dir", "<source dir='/x'/>", "type dir")]
    [InlineData("nvme", "<source type='pci' namespace='1'/>", "type nvme")]
    [InlineData("vhostuser", "<source type='unix' path='/x'/>", "type vhostuser")]
    [InlineData("file", "<source file='web.img'><encryption format='luks'/></source>", "encrypted")]
    [InlineData("file", "<source file='web.img'><slices><slice type='storage' offset='0' size='9'/></slices></source>", "part of a file")]
    public void Disks_that_cannot_be_read_are_refused_by_name(string type, string source, string named)
    {
        Raw(_folder, "web.img");
        var error = Assert.Throws<SourceException>(() => Read(source, type));
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
    }

    [Theory]
    [InlineData("<source protocol='nbd' name='web 1'><host name='nbd1' port='10810'/></source>", "nbd://nbd1:10810/web%201")]
    [InlineData("<source protocol='nbd' tls='yes'><host name='::1'/></source>", "nbds://[::1]/")]
    [InlineData("<source protocol='https' name='/images/a b.img' query='x=1&amp;y=%2F'><host name='files' port='8443'/></source>", "https://files:8443/images/a%20b.img?x=1&y=%2F")]
    [InlineData("<source protocol='ssh' name='srv/web.img'><host name='kvm1' port='22'/><identity username='root'/></source>", "ssh://root@kvm1:22/srv/web.img")]
    [InlineData("<source protocol='nbd'><host transport='unix' socket='/run/nbd'/></source>", null)]
    [InlineData("<source protocol='gluster' name='v/web.img'><host name='g1'/></source>", null)]
    public void Disks_on_the_network_have_URIs(string source, string? expected) =>
        Assert.Equal(expected, LibvirtXmlNetworkDisk.UriOf(XElement.Parse(source)));

    [Fact]
    public void A_disk_on_an_NBD_server_is_read()
    {
        ExternalTool.Need("qemu-nbd");
        Raw(_elsewhere, "web.img");
        using (var image = File.OpenWrite(_elsewhere["web.img"]))
        {
            image.Position = 4096;
            image.Write("contents"u8);
        }

        var port = ExternalServer.FreePort();
        ExternalTool.Check(
            "qemu-nbd", "--fork", "--persistent", "--shared=0", $"--pid-file={_elsewhere["pid"]}", "--bind=127.0.0.1", $"--port={port}", "--format=raw",
            "--export-name=web", "--read-only", _elsewhere["web.img"]);
        try
        {
            var guest = Read($"<driver type='raw'/><source protocol='nbd' name='web'><host name='127.0.0.1' port='{port}'/></source>", "network");
            using var disk = Assert.Single(guest.Disks).Open();
            var read = new byte[8];
            disk.Read(4096, read);
            Assert.Equal("contents"u8, read);
        }
        finally
        {
            ExternalTool.Check("kill", File.ReadAllText(_elsewhere["pid"]).Trim());
        }
    }

    [Fact]
    public void A_missing_disk_is_named_with_its_place()
    {
        var error = Assert.Throws<SourceException>(() => Read("<source file='gone.img'/>"));
        Assert.Equal(V2VError.DiskImageNotFound, error.Error);
        Assert.Contains("gone.img", error.Message, StringComparison.Ordinal);
        Assert.Contains("vda", error.Message, StringComparison.Ordinal);
        Assert.Equal(V2VError.SourceInvalid, Assert.Throws<SourceException>(() => Read("")).Error);
    }

    [Fact]
    public void One_file_does_not_stand_for_two_disks()
    {
        Raw(_folder, "root.img");
        var error = Assert.Throws<SourceException>(() => Read(
            "<source file='/vm/a/root.img'/><target dev='vda'/></disk><disk type='file'><driver type='raw'/><source file='/vm/b/root.img'/>"));
        Assert.Contains("/vm/a/root.img", error.Message, StringComparison.Ordinal);
        Assert.Contains("/vm/b/root.img", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<target dev='hda'/>", DiskController.Ide)]
    [InlineData("<target dev='sda'/>", DiskController.VirtioScsi)]
    [InlineData("<target dev='sda' bus='scsi'/><address type='drive' controller='1'/>", DiskController.Scsi)]
    [InlineData("<target dev='sda' bus='sata'/>", DiskController.Sata)]
    [InlineData("<target dev='sda' bus='usb'/>", DiskController.Scsi)]
    [InlineData("<target dev='vda'/>", DiskController.Virtio)]
    [InlineData("<target dev='xvda'/>", DiskController.Xen)]
    [InlineData("<target dev='nvme0n1' bus='nvme'/>", DiskController.Nvme)]
    [InlineData("", DiskController.Unknown)]
    public void The_controller_is_told_by_bus_or_name(string target, DiskController expected)
    {
        Raw(_folder, "web.img");
        File.WriteAllText(_folder["guest.xml"], $"""
            <domain type='kvm'><name>x</name><memory>524288</memory><devices>
            <disk type='file'><driver type='raw'/><source file='web.img'/>{target}</disk>
            <controller type='scsi' index='0' model='virtio-scsi'/><controller type='scsi' index='1' model='lsilogic'/>
            </devices></domain>
            """);
        Assert.Equal(expected, Assert.Single(Assert.Single(SampleData.Open(_folder["guest.xml"])).Disks).Controller);
    }

    private SourceGuest Read(string disk, string type = "file", string? allow = null)
    {
        var target = disk.Contains("<target", StringComparison.Ordinal) ? "" : "<target dev='vda' bus='virtio'/>";
        File.WriteAllText(
            _folder["guest.xml"],
            $"<domain type='kvm'><name>x</name><memory>524288</memory><devices><disk type='{type}' device='disk'>{disk}{target}</disk></devices></domain>");
        var options = new SourceOptions { AllowDiskFolders = allow is null ? [] : [allow] };
        return Assert.Single(GuestSources.Open(_folder["guest.xml"], options, TestContext.Current.CancellationToken));
    }

    private static void Raw(TemporaryFolder folder, string name)
    {
        using var file = File.Create(folder[name]);
        file.SetLength(1 << 20);
    }
}
