using V2V.Engine.Sources;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Libvirt;

/// <summary>
/// The sample guest in pools of every type that Debian's libvirt has and this machine's kernel allows, on this host and by way of SSH as if it were
/// another's; judged by virsh and qemu-img. <see cref="PoolKernelTests"/> runs them in a kernel that allows all.
/// </summary>
public sealed class PoolKindsTests(LoopbackSsh ssh) : IClassFixture<LoopbackSsh>, IDisposable
{
    private const string Uri = "qemu:///system";
    private const long MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _name = $"v2v-test-{Guid.NewGuid():N}";
    private readonly Stack<Action> _undo = new();

    public void Dispose()
    {
        ExternalTool.Run("virsh", "-c", Uri, "undefine", "--nvram", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-destroy", _name);
        ExternalTool.Run("virsh", "-c", Uri, "pool-undefine", _name);
        while (_undo.TryPop(out var undo))
        {
            undo();
        }

        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_takes_qcow2_files(bool isRemote)
    {
        NeedLibvirt();
        StartPool("dir", "--target", Target);
        CheckFiles(isRemote);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_system_takes_qcow2_files(bool isRemote)
    {
        var device = MakeDevice();
        ExternalTool.Check("mkfs.ext4", "-q", device);
        StartPool("fs", "--source-dev", device, "--source-format", "ext4", "--target", Target);
        CheckFiles(isRemote);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_system_of_a_server_takes_qcow2_files(bool isRemote)
    {
        NeedLibvirt();
        ExternalTool.Need("exportfs", "mount.nfs");
        Assert.SkipUnless(File.ReadLines("/proc/filesystems").Any(l => l.EndsWith("\tnfs4", StringComparison.Ordinal)), "needs a kernel with NFS");
        var exported = Directory.CreateDirectory(_folder["exported"]).FullName;
        ExternalTool.Check("exportfs", "-o", "rw,insecure,no_root_squash,no_subtree_check,fsid=0", $"127.0.0.1:{exported}");
        _undo.Push(() => ExternalTool.Run("exportfs", "-u", $"127.0.0.1:{exported}"));

        StartPool("netfs", "--source-host", "127.0.0.1", "--source-path", "/", "--source-format", "nfs", "--target", Target);
        CheckFiles(isRemote);
        Assert.Single(Directory.GetFiles(exported));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_volume_group_takes_raw_volumes(bool isRemote)
    {
        var device = MakeDevice();
        ExternalTool.Check("vgcreate", "-q", _name, device);
        _undo.Push(() => ExternalTool.Run("vgremove", "-f", _name));
        var (exitCode, _) = ExternalTool.Run("lvcreate", "-q", "-L", "4M", "-n", "try", _name);
        Assert.SkipUnless(exitCode == 0, "needs the kernel's device-mapper");
        ExternalTool.Check("lvremove", "-f", $"{_name}/try");
        StartPool("logical", "--source-name", _name, "--target", $"/dev/{_name}");
        CheckDevice(isRemote);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_disk_takes_raw_partitions(bool isRemote)
    {
        ExternalTool.Need("parted");
        var device = MakeDevice();
        ExternalTool.Check("parted", "-s", device, "mklabel", "gpt", "mkpart", "try", "1MiB", "5MiB");
        // udev looks at a device that was written to, and has the kernel read its partitions again: they are gone for a moment.
        Assert.SkipUnless(SpinWait.SpinUntil(() => File.Exists(device + "p1"), TimeSpan.FromSeconds(3)), "needs loop devices with partitions");
        ExternalTool.Check("parted", "-s", device, "rm", "1");
        StartPool("disk", "--source-dev", device, "--source-format", "gpt", "--target", "/dev");
        CheckDevice(isRemote);
    }

    private string Target => Directory.CreateDirectory(_folder["pool"]).FullName;

    private void CheckFiles(bool isRemote)
    {
        var path = Convert(isRemote, "qcow2");
        Assert.StartsWith(Target, path, StringComparison.Ordinal);
        Assert.Contains($"<source file='{path}'/>", Virsh("dumpxml", _name), StringComparison.Ordinal);
        ExternalTool.Check("qemu-img", "check", "-f", "qcow2", path);
    }

    private void CheckDevice(bool isRemote)
    {
        var path = Convert(isRemote, "raw");
        Assert.Contains($"<source dev='{path}'/>", Virsh("dumpxml", _name), StringComparison.Ordinal);
    }

    /// <summary>Converts the sample into the pool, as it is, so that its disk can be compared with the source's, and returns where the disk is.</summary>
    private string Convert(bool isRemote, string format)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var guest = Assert.Single(GuestSources.Open(GuestConversionTests.Sample, cancellation));
        using var target = new LibvirtTarget(isRemote ? ssh.Uri : Uri, _name);
        var result = new GuestConversion(guest, new ConversionOptions { Name = _name, AsIs = true }).Convert(target, cancellation: cancellation);
        Assert.Equal(format == "raw", result.Assessment.Concerns.Any(c => c.Id == "FormatReplaced"));

        ExternalTool.Check("tar", "-xf", GuestConversionTests.Sample, "-C", _folder.Path);
        var path = Virsh("domblklist", _name).Split('\n')[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        Assert.Contains(path, Virsh("vol-list", _name), StringComparison.Ordinal);
        ExternalTool.Check("qemu-img", "compare", "-f", "vmdk", "-F", format, _folder["debian12-1.vmdk"], path);
        return path;
    }

    private static void NeedLibvirt() =>
        Assert.SkipUnless(ExternalTool.Run("virsh", "-c", Uri, "version").ExitCode == 0, "libvirt does not answer at qemu:///system");

    private void StartPool(string type, params string[] source)
    {
        Virsh(["pool-define-as", _name, type, .. source]);
        Virsh("pool-start", _name);
    }

    private string MakeDevice()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "loop devices need root");
        NeedLibvirt();
        using (var file = File.Create(_folder["device"]))
        {
            file.SetLength(400 * MiB);
        }

        var (exitCode, output) = ExternalTool.Run("losetup", "-f", "-P", "--show", _folder["device"]);
        Assert.SkipUnless(exitCode == 0, "needs loop devices");
        var device = output.Trim();
        _undo.Push(() => ExternalTool.Run("losetup", "-d", device));
        return device;
    }

    private static string Virsh(params string[] arguments) => ExternalTool.Check("virsh", ["-c", Uri, .. arguments]);
}
