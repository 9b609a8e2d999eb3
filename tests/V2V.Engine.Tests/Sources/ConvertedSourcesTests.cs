using V2V.Engine.Targets.Directory;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Sources;

/// <summary>The sample guest through the whole pipeline, from an export of Hyper-V and from boxes.</summary>
public sealed class ConvertedSourcesTests : IDisposable
{
    private const string Id = "6E2B1F0C-93A4-4C39-8B5D-0D7C1D9B7A12";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_machine_exported_from_Server_2012_R2_converts()
    {
        Directory.CreateDirectory(_folder["packer/Virtual Machines"]);
        Directory.CreateDirectory(_folder["packer/Virtual Hard Disks"]);
        // The sample boots by BIOS, so its machine is of the first generation.
        File.WriteAllText(
            _folder[$"packer/Virtual Machines/{Id}.xml"],
            SourceSample.Read("vagrant-hyperv-zip", Id + ".xml").Replace("<subtype type=\"integer\">1</subtype>", "<subtype type=\"integer\">0</subtype>", StringComparison.Ordinal));
        WriteSample("vhdx", "packer/Virtual Hard Disks/packer.vhdx");
        Convert("packer", "packer", "UUID=7c9c3a7e-2d0c-4d4e-9a52-0f6d3c1b8e02");
    }

    [Fact]
    public void A_box_for_libvirt_converts()
    {
        ExternalTool.Need("tar");
        File.WriteAllText(_folder["metadata.json"], """{"provider":"libvirt","format":"qcow2","virtual_size":1}""");
        WriteSample("qcow2", "box.img");
        ExternalTool.Check("tar", "-czf", _folder["debian.box"], "-C", _folder.Path, "metadata.json", "box.img");
        File.Delete(_folder["box.img"]);
        File.Delete(_folder["metadata.json"]);
        // A box ran on virtio disks: what its system says of others is nothing that the conversion has to do with.
        Convert("debian.box", "debian", "/dev/sda2");
    }

    private void WriteSample(string format, string name)
    {
        ExternalTool.Need("qemu-img", "tar");
        ExternalTool.Check("tar", "-xf", GuestConversionTests.Sample, "-C", _folder.Path, "debian12-1.vmdk");
        ExternalTool.Check("qemu-img", "convert", "-O", format, _folder["debian12-1.vmdk"], _folder[name]);
    }

    private void Convert(string path, string name, string fstab)
    {
        ExternalTool.Need("qemu-img", "debugfs", "e2fsck");
        var guest = Assert.Single(SampleData.Open(_folder[path]));
        using var target = new DirectoryTarget(_folder["out"]);
        var result = new GuestConversion(guest, new ConversionOptions()).Convert(target, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal((name, "Debian GNU/Linux 12 (bookworm)"), (result.Name, result.Assessment.OperatingSystem!.ProductName));
        ExternalTool.Check("qemu-img", "check", result.Disks[0]);
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", result.Disks[0], _folder["disk.raw"]);
        ExternalTool.Check("dd", $"if={_folder["disk.raw"]}", $"of={_folder["partition.img"]}", "bs=1M", "skip=1", "count=240", "status=none");
        ExternalTool.Check("e2fsck", "-fn", _folder["partition.img"]);
        Assert.Contains(fstab, ExternalTool.Check("debugfs", "-R", "cat /etc/fstab", _folder["partition.img"]), StringComparison.Ordinal);
    }
}
