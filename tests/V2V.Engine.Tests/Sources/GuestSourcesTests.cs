using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources;

public sealed class GuestSourcesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bare_disk_becomes_a_guest_with_what_is_usual()
    {
        ExternalTool.Check("qemu-img", "create", "-f", "qcow2", _folder["mail-sda.qcow2"], "16M");
        var guest = Assert.Single(SampleData.Open(_folder["mail-sda.qcow2"]));
        Assert.Equal(("mail", "Disk", "Unknown"), (guest.Name, guest.SourceKind, guest.Hypervisor));
        Assert.Equal((2048, 1), (guest.MemoryMiB, guest.CpuCount));
        Assert.Null(guest.Firmware);
        Assert.Equal([new SourceNetworkAdapter(null, null, "default")], guest.NetworkAdapters);
        Assert.Equal(("qcow2", 16 << 20), (guest.Disks[0].Format, guest.Disks[0].Capacity));
    }

    [Fact]
    public void Several_disks_keep_their_order()
    {
        SampleDisks.WriteFlat(_folder, "b.vmdk");
        File.WriteAllBytes(_folder["a.raw"], new byte[1 << 20]);
        var guest = DiskSource.FromDisks([_folder["b.vmdk"], _folder["a.raw"]], "pair");
        Assert.Equal("pair", guest.Name);
        Assert.Equal(["vmdk", "raw"], guest.Disks.Select(d => d.Format));
    }

    [Fact]
    public void A_VMDK_descriptor_is_a_disk_though_it_is_a_text()
    {
        SampleDisks.WriteFlat(_folder, "disk.vmdk");
        Assert.Equal("Disk", SampleData.Open(_folder["disk.vmdk"])[0].SourceKind);
    }

    [Fact]
    public void A_folder_with_one_descriptor_stands_for_it()
    {
        File.WriteAllText(_folder["x.vmx"], "displayName = \"x\"");
        Assert.Equal("x", SampleData.Open(_folder.Path)[0].Name);
        File.WriteAllText(_folder["y.vmx"], "displayName = \"y\"");
        Assert.Contains("x.vmx, y.vmx", Assert.Throws<SourceException>(() => SampleData.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("guest.xml", "<?xml version=\"1.0\"?><pool type='dir'/>", "XML document")]
    [InlineData("guest.xml", "<?xml version=\"1.0\"?><configuration/>", "Hyper-V")]
    [InlineData("guest.vmcx", "\0\0\0", "Hyper-V")]
    [InlineData("notes.txt", "just a text\n", "text")]
    [InlineData("empty.img", "", "empty")]
    public void Other_descriptors_are_refused_by_name(string fileName, string content, string named)
    {
        File.WriteAllText(_folder[fileName], content);
        var error = Assert.Throws<SourceException>(() => SampleData.Open(_folder[fileName]));
        Assert.Equal(V2VError.SourceUnsupported, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void A_path_with_nothing_there_is_said_so() =>
        Assert.Equal(V2VError.SourceNotFound, Assert.Throws<SourceException>(() => SampleData.Open(_folder["nothing.vmx"])).Error);

    [Theory]
    [InlineData("/x/web.vmx", "web")]
    [InlineData("/x/web-flat.vmdk", "web")]
    [InlineData("/x/web-sda", "web")]
    [InlineData("/x/web.server.QCOW2", "web.server")]
    [InlineData("/x/.img", ".img")]
    public void Names_come_from_files(string path, string expected) => Assert.Equal(expected, SourceNames.FromPath(path));
}
