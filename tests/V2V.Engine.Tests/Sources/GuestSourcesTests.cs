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
        var guest = DiskSource.FromDisks([_folder["b.vmdk"], _folder["a.raw"]], "pair", cancellation: TestContext.Current.CancellationToken);
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
    public void A_folder_stands_for_the_guests_that_it_describes()
    {
        Assert.Contains("-Recurse", Assert.Throws<SourceException>(() => SampleData.Open(_folder.Path)).Advice, StringComparison.Ordinal);
        File.WriteAllText(_folder["x.vmx"], "displayName = \"x\"");
        File.WriteAllText(_folder["y.vmx"], "displayName = \"y\"");
        File.WriteAllText(_folder["disk.xml"], "<settings/>");
        Assert.Equal(["x", "y"], SampleData.Open(_folder.Path).Select(g => g.Name));
    }

    [Fact]
    public void Folders_below_are_searched_when_asked_to_and_links_are_not_followed()
    {
        foreach (var name in new[] { "a/one.vmx", "b/c/two.OVF", "b/three.xml", "export/Virtual Machines/four.vmcx", "export/Snapshots/five.vmcx", "b/app.xml", "b/disk.vmdk" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
            File.WriteAllText(_folder[name], name.EndsWith("three.xml", StringComparison.Ordinal) ? "<domain type='kvm'/>" : "<configuration/>");
        }

        File.CreateSymbolicLink(_folder["b/loop"], _folder.Path);
        Assert.Equal(
            ["a/one.vmx", "b/three.xml", "b/c/two.OVF", "export/Virtual Machines/four.vmcx"],
            SourceFolders.Find(_folder.Path, recurse: true).Select(p => Path.GetRelativePath(_folder.Path, p)));
        Assert.Empty(SourceFolders.Find(_folder.Path, recurse: false));
        Assert.Equal(["four.vmcx"], SourceFolders.Find(_folder["export"], recurse: false).Select(p => Path.GetFileName(p)));
    }

    [Theory]
    [InlineData("guest.xml", "<?xml version=\"1.0\"?><pool type='dir'/>", "XML document")]
    [InlineData("guest.xml", "<?xml version=\"1.0\"?><configuration><appSettings/></configuration>", "XML document")]
    [InlineData("guest.vmcx", "\0\0\0", "Hyper-V")]
    [InlineData("guest.exp", "<?xml version=\"1.0\"?><DECLARATIONS/>", "Server 2008")]
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
