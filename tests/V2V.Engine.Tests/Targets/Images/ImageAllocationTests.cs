using System.Globalization;
using System.Text.Json;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class ImageAllocationTests : IDisposable
{
    private const int Cluster = 65536;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(512, ImageAllocation.Metadata)]
    [InlineData(512, ImageAllocation.Preallocated)]
    [InlineData((3 * Cluster) + 1000, ImageAllocation.Metadata)]
    [InlineData((3 * Cluster) + 1000, ImageAllocation.Preallocated)]
    [InlineData((20 << 20) + 1536, ImageAllocation.Metadata)]
    [InlineData((20 << 20) + 1536, ImageAllocation.Preallocated)]
    public void A_qcow2_image_with_places_for_all_clusters_is_clean_and_has_the_same_contents(int capacity, ImageAllocation allocation)
    {
        var contents = MemoryDisk.Mixed(capacity, seed: 11);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        using (var source = new MemoryDisk(contents))
        using (var writer = Create(ImageFormat.Qcow2, capacity, allocation))
        {
            var plan = CopyPlan.Create(source, [], writer.Granularity, TestContext.Current.CancellationToken);
            DiskCopier.Copy(plan, writer, new CopyOptions(), progress: null, TestContext.Current.CancellationToken);
            writer.Complete();
        }

        QemuJudge.AssertImage(_folder["disk"], _folder["disk.raw"]);
        using var check = JsonDocument.Parse(ExternalTool.Check("qemu-img", "check", "--output=json", _folder["disk"]));
        Assert.Equal((capacity + Cluster - 1) / Cluster, check.RootElement.GetProperty("allocated-clusters").GetInt32());
    }

    [Fact]
    public void The_clusters_lie_in_the_file_as_qemu_img_has_them_when_it_preallocates()
    {
        // More than one L2 table maps.
        const long capacity = 1200L << 20;
        WriteImage(ImageFormat.Qcow2, capacity, ImageAllocation.Metadata);
        ExternalTool.Check("qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", _folder["theirs"], capacity.ToString(CultureInfo.InvariantCulture));

        Assert.Equal(MappedBytes("theirs"), MappedBytes("disk"));
        Assert.Equal(capacity, MappedBytes("disk"));
        Assert.InRange(AllocatedBytes(), 1, 1 << 20);
    }

    [Fact]
    public void An_image_with_places_for_all_clusters_does_not_grow_when_it_is_written()
    {
        const long capacity = 64L << 20;
        WriteImage(ImageFormat.Qcow2, capacity, ImageAllocation.Metadata);
        var length = new FileInfo(_folder["disk"]).Length;

        ExternalTool.Check("qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 10M 20M", "-c", "write -P 0xa5 63M 1M", _folder["disk"]);
        ExternalTool.Check("qemu-io", "-f", "qcow2", "-c", "read -P 0 0 10M", "-c", "read -P 0x5a 10M 20M", "-c", "read -P 0 30M 33M", _folder["disk"]);

        ExternalTool.Check("qemu-img", "check", _folder["disk"]);
        Assert.Equal(length, new FileInfo(_folder["disk"]).Length);
    }

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void A_preallocated_image_takes_its_space_at_once_and_no_more_than_was_announced(ImageFormat format)
    {
        const long capacity = (48L << 20) + 512;
        using var source = new MemoryDisk(new byte[1 << 20]);
        var plan = CopyPlan.Create(source, [], ImageWriters.Granularity(format), TestContext.Current.CancellationToken);
        var announced = ImageWriters.MaximumFileSize(format, capacity, plan, ImageAllocation.Preallocated);
        using var writer = Create(format, capacity, ImageAllocation.Preallocated);

        Assert.InRange(AllocatedBytes(), capacity, announced + 4096);
        writer.Complete();
        Assert.Equal(announced, new FileInfo(_folder["disk"]).Length);
        Assert.InRange(AllocatedBytes(), capacity, announced + 4096);
    }

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void A_file_system_without_that_space_is_full_before_anything_is_copied(ImageFormat format)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs Linux and root to mount a small file system");
        var mount = _folder["small"];
        Directory.CreateDirectory(mount);
        ExternalTool.Check("mount", "-t", "tmpfs", "-o", "size=4m", "v2v-test", mount);
        try
        {
            var path = Path.Combine(mount, "disk");
            var e = Assert.Throws<TargetException>(
                () => ImageWriters.Create(path, format, 16 << 20, ImageCompression.None, createNew: true, ImageAllocation.Preallocated));
            Assert.Equal((V2VError.TargetFull, path), (e.Error, e.Path));
            Assert.False(File.Exists(path));
        }
        finally
        {
            Mounts.Remove(mount);
        }
    }

    [Theory]
    [InlineData(ImageFormat.Raw, ImageCompression.None, ImageAllocation.Metadata)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zlib, ImageAllocation.Preallocated)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zstd, ImageAllocation.Metadata)]
    public void Properties_that_exclude_each_other_are_refused_before_a_file_is_made(ImageFormat format, ImageCompression compression, ImageAllocation allocation)
    {
        var e = Assert.Throws<TargetException>(() => ImageWriters.Create(_folder["disk"], format, 1 << 20, compression, createNew: true, allocation));
        Assert.Equal(V2VError.TargetUnsupported, e.Error);
        Assert.NotNull(e.Advice);
        Assert.False(File.Exists(_folder["disk"]));
    }

    private ImageWriter Create(ImageFormat format, long capacity, ImageAllocation allocation) =>
        ImageWriters.Create(_folder["disk"], format, capacity, ImageCompression.None, createNew: true, allocation);

    private void WriteImage(ImageFormat format, long capacity, ImageAllocation allocation)
    {
        using var writer = Create(format, capacity, allocation);
        writer.Complete();
    }

    /// <summary>Bytes of the disk that have a place in the file, as QEMU maps them.</summary>
    private long MappedBytes(string name)
    {
        using var map = JsonDocument.Parse(ExternalTool.Check("qemu-img", "map", "--output=json", _folder[name]));
        return map.RootElement.EnumerateArray().Where(e => e.TryGetProperty("offset", out _)).Sum(e => e.GetProperty("length").GetInt64());
    }

    private long AllocatedBytes() =>
        512 * long.Parse(ExternalTool.Check("stat", "-c", "%b", _folder["disk"]), CultureInfo.InvariantCulture);
}
