using V2V.Engine.Targets;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>Pools of other types than folders, as far as this machine can have them; judged by virsh and qemu-img.</summary>
public sealed class PoolKindsTests : IDisposable
{
    private const string Uri = "qemu:///system";
    private const int MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";
    private string? _device;

    public void Dispose()
    {
        ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _name);
        if (_device is not null)
        {
            ExternalTool.Run("vgremove", "-f", _name);
            ExternalTool.Run("losetup", "-d", _device);
        }

        _folder.Dispose();
    }

    [Fact]
    public void A_file_system_pool_takes_qcow2_files()
    {
        MakeDevice();
        ExternalTool.Check("mkfs.ext4", "-q", _device!);
        var mount = Directory.CreateDirectory(_folder["mounted"]).FullName;
        Virsh("pool-define-as", _name, "fs", "--source-dev", _device!, "--source-format", "ext4", "--target", mount);
        Virsh("pool-start", _name);
        var path = Convert(ImageFormat.Qcow2, ImageFormat.Qcow2);
        Assert.StartsWith(mount, path, StringComparison.Ordinal);
        Assert.Contains($"<source file='{path}'/>", Virsh("dumpxml", _name), StringComparison.Ordinal);
    }

    [Fact]
    public void A_volume_group_takes_raw_volumes()
    {
        MakeDevice();
        ExternalTool.Check("vgcreate", "-q", _name, _device!);
        var (exitCode, _) = ExternalTool.Run("lvcreate", "-q", "-L", "4M", "-n", "try", _name);
        Assert.SkipUnless(exitCode == 0, "needs the kernel's device-mapper");
        ExternalTool.Check("lvremove", "-f", $"{_name}/try");
        Virsh("pool-define-as", _name, "logical", "--source-name", _name, "--target", $"/dev/{_name}");
        Virsh("pool-start", _name);
        var path = Convert(ImageFormat.Qcow2, ImageFormat.Raw);
        Assert.Contains($"<source dev='{path}'/>", Virsh("dumpxml", _name), StringComparison.Ordinal);
    }

    /// <summary>Writes a disk into the pool, compares it and defines a domain with it.</summary>
    private string Convert(ImageFormat wanted, ImageFormat expected)
    {
        var content = new byte[20 * MiB];
        new Random(1).NextBytes(content.AsSpan(5 * MiB, 5 * MiB));
        File.WriteAllBytes(_folder["source.raw"], content);
        using var target = new LibvirtTarget(Uri, _name);
        Assert.Equal(expected, target.FormatFor(wanted));
        var request = new TargetDiskRequest("sda", expected, content.Length, content.Length);
        Assert.DoesNotContain(target.Check(new TargetRequest(_name, [request])), c => c.Severity == ConcernSeverity.Critical);
        var disk = target.CreateDisk(request);
        disk.Writer.Write(5 * MiB, content.AsSpan(5 * MiB, 5 * MiB));
        disk.Writer.Complete();
        target.Define(SampleDomain.Create(name: _name) with { Disks = [disk.Source] });
        ExternalTool.Check(
            "qemu-img", "compare", "-f", "raw", "-F", expected == ImageFormat.Raw ? "raw" : "qcow2", _folder["source.raw"], disk.Source.Path!);
        Assert.Contains("sda", Virsh("vol-list", _name), StringComparison.Ordinal);
        return disk.Source.Path!;
    }

    private void MakeDevice()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "loop devices need root");
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");
        using (var file = File.Create(_folder["device"]))
        {
            file.SetLength(200 * MiB);
        }

        var (exitCode, output) = ExternalTool.Run("losetup", "-f", "--show", _folder["device"]);
        Assert.SkipUnless(exitCode == 0, "needs loop devices");
        _device = output.Trim();
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
}
