using System.Text;
using V2V.Engine.Sources;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources.Vagrant;

/// <summary>Whole boxes are in Samples; here are their forms, and what is refused.</summary>
public sealed class VagrantSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"provider":"libvirt","format":"qcow2","virtual_size":1}""", "box.img box_1.img")]
    [InlineData("""{"disks":[{"path":"box_2.img"},{"path":"box.img","format":"qcow2"}],"provider":"libvirt","format":"qcow2"}""", "box_2.img box.img")]
    public void The_disks_of_a_box_for_libvirt_are_those_that_it_lists(string metadata, string expected)
    {
        // box_2.img is not the one after box.img, so it is not taken unless it is listed.
        foreach (var name in expected.Split(' '))
        {
            ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder[name], "8M");
        }

        var guest = Assert.Single(SampleData.Open(Write(metadata)));
        Assert.Equal(("Vagrant", "KVM"), (guest.SourceKind, guest.Hypervisor));
        Assert.Equal(expected, string.Join(' ', guest.Disks.Select(d => Path.GetFileName(d.Path))));
        Assert.All(guest.Disks, d => Assert.Equal(DiskController.Virtio, d.Controller));
        Assert.Equal(["MachineNotDescribed"], guest.Concerns.Select(c => c.Id));
    }

    /// <summary>The metadata's word for the format counts: an image that a guest made to look like another is not followed.</summary>
    [Fact]
    public void A_raw_image_is_not_probed_for_being_qcow2()
    {
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder["box.img"], "8M");
        Assert.Equal("raw", SampleData.Open(Write("""{"provider":"libvirt","format":"raw"}"""))[0].Disks[0].Format);
    }

    [Theory]
    [InlineData("debian-VAGRANTSLASH-bookworm64/12.20240905.1/libvirt", "debian-bookworm64")]
    [InlineData("debian-VAGRANTSLASH-bookworm64/12.20240905.1/amd64/libvirt", "debian-bookworm64")]
    [InlineData("web/0/libvirt", "web")]
    [InlineData("some/place/web", "web")]
    public void A_box_is_called_after_the_place_that_it_lies_in(string place, string name)
    {
        Directory.CreateDirectory(_folder[place]);
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder[place + "/box.img"], "8M");
        Write("""{"provider":"libvirt","format":"qcow2"}""", place);
        Assert.Equal(name, SampleData.Open(_folder[place])[0].Name);
    }

    [Theory]
    [InlineData("""{"provider":"parallels"}""", V2VError.SourceUnsupported, "parallels")]
    [InlineData("""{"provider":"docker"}""", V2VError.SourceUnsupported, "docker")]
    [InlineData("""{"provider":"libvirt"}""", V2VError.DiskImageNotFound, "box.img")]
    [InlineData("""{"provider":"libvirt","disks":[{"path":"../secret"}]}""", V2VError.DiskImageOutsideFolder, "secret")]
    [InlineData("""{"provider":"libvirt","disks":[{"name":"x"}]}""", V2VError.SourceInvalid, "without a path")]
    [InlineData("""{"provider":"virtualbox"}""", V2VError.SourceInvalid, ".ovf")]
    [InlineData("""{"provider":"hyperv"}""", V2VError.SourceInvalid, "Virtual Machines")]
    [InlineData("""{"provider":"libvirt" """, V2VError.SourceInvalid, "JSON")]
    public void Others_are_refused_by_name(string metadata, V2VError expected, string named)
    {
        var error = Assert.Throws<SourceException>(() => SampleData.Open(Write(metadata)));
        Assert.Equal(expected, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Advice);
    }

    [Fact]
    public void A_box_stands_for_its_folder_and_what_is_in_it()
    {
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder["box.img"], "8M");
        File.WriteAllText(_folder["other.vmx"], "displayName = \"other\"");
        Directory.CreateDirectory(_folder["below"]);
        File.WriteAllText(_folder["below/x.vmx"], "displayName = \"x\"");
        Write("""{"provider":"libvirt"}""");
        Assert.Equal(["metadata.json"], SourceFolders.Find(_folder.Path, recurse: true).Select(p => Path.GetFileName(p)));
    }

    [Fact]
    public void Damaged_metadata_end_in_the_engines_exception_or_are_read()
    {
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", _folder["box.img"], "8M");
        var path = Write("""{"provider":"libvirt","format":"qcow2","virtual_size":1,"disks":[{"path":"box.img","format":"qcow2"}]}""");
        var bytes = File.ReadAllBytes(path);
        Mutations.Check(bytes, bytes.Length, 300, damaged =>
        {
            File.WriteAllBytes(path, damaged);
            new V2V.Engine.Sources.Vagrant.VagrantSource().Read(SourceFile.OnHost(path), new SourceOptions(), TestContext.Current.CancellationToken);
        });
    }

    private string Write(string metadata, string folder = "")
    {
        var path = Path.Combine(_folder.Path, folder, "metadata.json");
        File.WriteAllText(path, metadata, Encoding.UTF8);
        return path;
    }
}
