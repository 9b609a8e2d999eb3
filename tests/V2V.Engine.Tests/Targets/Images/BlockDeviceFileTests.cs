using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

/// <summary>Raw images on block devices that hold what they were used for before.</summary>
public sealed class BlockDeviceFileTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();
    private string? _device;
    private string? _mount;

    public void Dispose()
    {
        if (_device is not null)
        {
            ExternalTool.Run("losetup", "-d", _device);
        }

        if (_mount is not null)
        {
            Mounts.Remove(_mount);
        }

        _folder.Dispose();
    }

    /// <summary>A device on ntfs-3g's files, which cannot be made zero otherwise than by writing, takes the other way.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_not_written_becomes_zero(bool canOnlyWrite)
    {
        var path = MakeDevice(canOnlyWrite ? MountNtfs() : _folder.Path, 48 * MiB);
        var content = new byte[40 * MiB];
        new Random(1).NextBytes(content.AsSpan(10 * MiB, 3 * MiB));
        new Random(2).NextBytes(content.AsSpan(39 * MiB, MiB));
        var request = new TargetDiskRequest("disk", ImageFormat.Raw, content.Length, content.Length);
        using (var writer = ImageWriters.Create(BlockDeviceFile.Open(path), request))
        {
            var plan = CopyPlan.Create(new MemoryDisk(content), [], writer.Granularity, TestContext.Current.CancellationToken);
            DiskCopier.Copy(plan, writer, new CopyOptions(), cancellation: TestContext.Current.CancellationToken);
            writer.Complete();
        }

        var written = File.ReadAllBytes(path);
        Assert.Equal(48 * MiB, written.Length);
        Assert.Equal(content, written[..content.Length]);
        Assert.False(written.AsSpan(content.Length).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_device_that_is_too_small_is_refused()
    {
        var path = MakeDevice(_folder.Path, MiB);
        using var file = BlockDeviceFile.Open(path);
        var error = Assert.Throws<TargetException>(() => ImageWriters.Create(file, new TargetDiskRequest("disk", ImageFormat.Raw, 2 * MiB, 0)));
        Assert.Equal(V2VError.TargetFull, error.Error);
        Assert.Equal(V2VError.TargetWriteFailed, Assert.Throws<TargetException>(() => BlockDeviceFile.Open(_folder["missing"])).Error);
    }

    private string MakeDevice(string folder, int length)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "loop devices need root");
        var file = Path.Combine(folder, "device");
        var old = new byte[length];
        old.AsSpan().Fill(0x5A);
        File.WriteAllBytes(file, old);
        var (exitCode, output) = ExternalTool.Run("losetup", "-f", "--show", file);
        Assert.SkipUnless(exitCode == 0, "needs loop devices");
        return _device = output.Trim();
    }

    private string MountNtfs()
    {
        File.WriteAllBytes(_folder["ntfs"], new byte[80 * MiB]);
        ExternalTool.Check("mkntfs", "-q", "-F", "-f", _folder["ntfs"]);
        var mount = Directory.CreateDirectory(_folder["mounted"]).FullName;
        Assert.SkipUnless(ExternalTool.Run("ntfs-3g", _folder["ntfs"], mount).ExitCode == 0, "needs ntfs-3g and FUSE");
        return _mount = mount;
    }
}
