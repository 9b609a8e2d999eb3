using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources;
using V2V.Engine.Sources.Libvirt;
using V2V.Engine.Sources.LibvirtXml;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>Disks of guests of ESX and vCenter, from a server that does what those do.</summary>
public sealed class VMwareStorageTests : IDisposable
{
    private const int Capacity = 4 << 20;

    private const string Password = "s:cret";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vpx://administrator%40vsphere.local@vc1/DC/esx1", "DC", "ds 1", "https://vc1/folder/?dcPath=DC&dsName=ds%201")]
    [InlineData("vpx://vc1:8443/F/DC/esx1", "Folder/DC 1", "ds", "https://vc1:8443/folder/?dcPath=Folder%2FDC%201&dsName=ds")]
    [InlineData("esx://root@esx1:443/", null, "yellow[1]", "https://esx1/folder/?dcPath=ha-datacenter&dsName=yellow%5B1%5D")]
    public void Datastores_have_URLs(string uri, string? datacenter, string datastore, string expected) =>
        Assert.Equal(expected, VMwareDatastores.UrlOf(LibvirtUri.Parse(uri), datastore, datacenter));

    [Theory]
    [InlineData("[ds 1] web/web.vmdk", "ds 1", "web/web.vmdk")]
    [InlineData("[yellow[1]] web.vmdk", "yellow[1]", "web.vmdk")]
    public void Files_of_datastores_are_told_apart(string text, string datastore, string file) =>
        Assert.Equal(new DatastorePath(datastore, file), DatastorePath.Parse(text));

    [Theory]
    [InlineData("/vmfs/volumes/ds/web.vmdk")]
    [InlineData("[ds]")]
    [InlineData("[] web.vmdk")]
    [InlineData("[ds] ")]
    [InlineData("[ds] ../../etc/passwd")]
    [InlineData("web.vmdk")]
    public void What_is_no_path_in_a_datastore_is_none(string path) => Assert.Null(DatastorePath.Parse(path));

    [Fact]
    public void A_disk_and_its_snapshots_are_read_with_one_login()
    {
        ExternalTool.Need("qemu-img");
        var contents = RandomNumberGenerator.GetBytes(Capacity);
        Place("web disk", contents);
        Snapshot("web disk");
        Place("data+1", contents.Reverse().ToArray());
        using var server = Serve();

        var guest = Read(server, "[ds 1] web disk/web disk-000001.vmdk", "[ds 1] data+1/data+1.vmdk");
        Assert.Equal("VMware", guest.Hypervisor);
        Assert.DoesNotContain(guest.Concerns, c => c.Severity == ConcernSeverity.Critical);
        Assert.Equal(["vmdk", "vmdk"], guest.Disks.Select(d => d.Format));
        using var first = guest.Disks[0].Open();
        using var second = guest.Disks[1].Open();
        var read = new byte[Capacity];
        first.Read(0, read);
        Assert.Equal(Expected(contents), read);
        second.Read(0, read);
        Assert.Equal(contents.Reverse(), read);
        Assert.Equal(1, server.Logins);
    }

    [Fact]
    [Shows("AuthenticationFailed", "DiskImageNotFound", "SourceUnsupported")]
    public void What_the_server_does_not_have_or_give_is_reported_by_disk()
    {
        Place("web", new byte[Capacity]);
        using var server = Serve();
        var guest = Read(server, "[ds 1] web/gone.vmdk", "[ds 2] web/web.vmdk", "/vmfs/web.vmdk", "[ds 1] web/web.vmdk");
        Assert.Equal(
            ["DiskImageNotFound", "DiskImageNotFound", "SourceUnsupported"], guest.Concerns.Where(c => c.Severity == ConcernSeverity.Critical).Select(c => c.Id));
        Assert.Single(guest.Disks);

        var refused = Read(server, "wrong", verify: false, ["[ds 1] web/web.vmdk"]);
        Assert.Equal("AuthenticationFailed", Assert.Single(refused.Concerns, c => c.Severity == ConcernSeverity.Critical).Id);
        var distrusted = Read(server, Password, verify: true, ["[ds 1] web/web.vmdk"]);
        Assert.Contains("certificate", Assert.Single(distrusted.Concerns, c => c.Severity == ConcernSeverity.Critical).Message, StringComparison.OrdinalIgnoreCase);
    }

    private DatastoreServer Serve() => new(_folder.Path, $"root:{Password}", "dcPath=DC%201&dsName=ds%201");

    private static SourceGuest Read(DatastoreServer server, params string[] disks) => Read(server, Password, verify: false, disks);

    private static SourceGuest Read(DatastoreServer server, string password, bool verify, string[] disks)
    {
        XNamespace vmware = "http://libvirt.org/schemas/domain/vmware/1.0";
        var domain = new XElement(
            "domain", new XAttribute("type", "vmware"), new XAttribute(XNamespace.Xmlns + "vmware", vmware), new XElement("name", "web"),
            new XElement("memory", "1048576"),
            new XElement(
                "devices",
                disks.Select((d, i) => new XElement(
                    "disk", new XAttribute("type", "file"), new XAttribute("device", "disk"), new XElement("source", new XAttribute("file", d)),
                    new XElement("target", new XAttribute("dev", $"sd{(char)('a' + i)}"), new XAttribute("bus", "scsi"))))),
            new XElement(vmware + "datacenterpath", "DC 1"));
        var uri = LibvirtUri.Parse($"vpx://root@localhost:{server.Port}/DC%201/esx1{(verify ? "" : "?no_verify=1")}");
        var datastores = new VMwareDatastores(uri, new RemoteAccess { Credential = new NetworkCredential("", password), Timeout = TimeSpan.FromSeconds(10) });
        return LibvirtXmlDomain.Read("vpx://localhost!web", "Libvirt", domain, new VMwareStorage(datastores, "vpx://localhost!web", domain));
    }

    /// <summary>A disk as ESX keeps it: a descriptor, and beside it the contents.</summary>
    private void Place(string name, byte[] contents)
    {
        Directory.CreateDirectory(_folder[name]);
        File.WriteAllBytes(Path.Combine(_folder[name], $"{name}-flat.vmdk"), contents);
        Describe(name, name, "vmfs", $"RW {Capacity / 512} VMFS \"{name}-flat.vmdk\"", "parentCID=ffffffff");
    }

    /// <summary>A snapshot with the first 64 KiB changed to sevens, made by qemu-img's format of the same kind.</summary>
    private void Snapshot(string name)
    {
        var delta = Path.Combine(_folder[name], $"{name}-000001-delta.vmdk");
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "vmdk", "-o", "subformat=monolithicSparse", delta, $"{Capacity}");
        ExternalTool.Check("qemu-io", "-f", "vmdk", "-c", "write -P 7 0 64k", delta);
        Describe(name, $"{name}-000001", "monolithicSparse", $"RW {Capacity / 512} SPARSE \"{name}-000001-delta.vmdk\"", $"parentCID=12345678\nparentFileNameHint=\"{name}.vmdk\"");
    }

    private void Describe(string folder, string name, string type, string extent, string parent) => File.WriteAllText(
        Path.Combine(_folder[folder], $"{name}.vmdk"),
        $"# Disk DescriptorFile\nversion=1\nCID=12345678\n{parent}\ncreateType=\"{type}\"\n{extent}\nddb.adapterType = \"lsilogic\"\n", new UTF8Encoding(false));

    private static byte[] Expected(byte[] contents)
    {
        var expected = contents.ToArray();
        expected.AsSpan(0, 64 << 10).Fill(7);
        return expected;
    }
}
