using V2V.Engine.Disks;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class ImageWritersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void An_existing_file_is_kept(ImageFormat format)
    {
        File.WriteAllText(_folder["disk"], "precious");
        var e = Assert.Throws<TargetException>(() => Create(format, 1 << 20));
        Assert.Equal(V2VError.TargetExists, e.Error);
        Assert.Equal(_folder["disk"], e.Path);
        Assert.Equal("precious", File.ReadAllText(_folder["disk"]));
    }

    [Theory]
    [InlineData(ImageFormat.Raw, 0)]
    [InlineData(ImageFormat.Qcow2, 0)]
    [InlineData(ImageFormat.Qcow2, -1)]
    [InlineData(ImageFormat.Qcow2, long.MaxValue)]
    public void A_capacity_that_no_image_can_have_is_refused_before_a_file_is_made(ImageFormat format, long capacity)
    {
        var e = Assert.Throws<TargetException>(() => Create(format, capacity));
        Assert.Equal(V2VError.TargetUnsupported, e.Error);
        Assert.NotNull(e.Advice);
        Assert.False(File.Exists(_folder["disk"]));
    }

    [Fact]
    public void A_raw_file_larger_than_the_file_system_allows_is_refused_and_removed()
    {
        var e = Assert.Throws<TargetException>(() => Create(ImageFormat.Raw, long.MaxValue));
        Assert.Equal(V2VError.TargetWriteFailed, e.Error);
        Assert.False(File.Exists(_folder["disk"]));
    }

    [Fact]
    public void Raw_images_have_no_compression()
    {
        var e = Assert.Throws<TargetException>(() => Create(ImageFormat.Raw, 1 << 20, ImageCompression.Zstd));
        Assert.Equal(V2VError.TargetUnsupported, e.Error);
        Assert.False(File.Exists(_folder["disk"]));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error_of_the_target()
    {
        var path = _folder["none/disk"];
        var e = Assert.Throws<TargetException>(() => ImageWriters.Create(path, ImageFormat.Raw, 512, ImageCompression.None, createNew: true));
        Assert.Equal(V2VError.TargetWriteFailed, e.Error);
        Assert.Equal(path, e.Path);
    }

    [Theory]
    [InlineData(ImageFormat.Raw, ImageCompression.None)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.None)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zstd)]
    public void A_full_file_system_is_reported_as_such(ImageFormat format, ImageCompression compression)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs Linux and root to mount a small file system");
        var mount = _folder["small"];
        Directory.CreateDirectory(mount);
        ExternalTool.Check("mount", "-t", "tmpfs", "-o", "size=4m", "v2v-test", mount);
        try
        {
            using var source = new MemoryDisk(Noise(16 << 20));
            using var writer = ImageWriters.Create(Path.Combine(mount, "disk"), format, source.Length, compression, createNew: true);
            var plan = CopyPlan.Create(source, [], writer.Granularity, TestContext.Current.CancellationToken);
            var e = Assert.Throws<TargetException>(() => DiskCopier.Copy(plan, writer, new CopyOptions(), progress: null, TestContext.Current.CancellationToken));
            Assert.Equal(V2VError.TargetFull, e.Error);
            Assert.Equal(Path.Combine(mount, "disk"), e.Path);
            Assert.Contains("bytes are free", e.Message, StringComparison.Ordinal);
            Assert.NotNull(e.Advice);
        }
        finally
        {
            Mounts.Remove(mount);
        }
    }

    [Theory]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public void The_greatest_size_of_the_file_is_known_before_it_is_made(ImageFormat format)
    {
        // Two pieces of noise, more than 2 GiB apart, so that several L2 tables are needed.
        const long capacity = 3L << 30;
        var noise = Noise(1 << 20);
        using var source = new SparseDisk(capacity, noise, [0, 2500L << 20, (2501L << 20) + 4096]);
        var plan = CopyPlan.Create(source, [], ImageWriters.Granularity(format), TestContext.Current.CancellationToken);
        using (var writer = ImageWriters.Create(_folder["disk"], format, capacity, ImageCompression.None, createNew: true))
        {
            Assert.Equal(writer.Granularity, ImageWriters.Granularity(format));
            DiskCopier.Copy(plan, writer, new CopyOptions(), progress: null, TestContext.Current.CancellationToken);
            writer.Complete();
            Assert.InRange(writer.BytesWritten, plan.TotalBytes, ImageWriters.MaximumFileSize(format, capacity, plan));
        }

        if (format == ImageFormat.Qcow2)
        {
            Assert.Equal(ImageWriters.MaximumFileSize(format, capacity, plan), new FileInfo(_folder["disk"]).Length);
        }
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private ImageWriter Create(ImageFormat format, long capacity, ImageCompression compression = ImageCompression.None) =>
        ImageWriters.Create(_folder["disk"], format, capacity, compression, createNew: true);

    /// <summary>The same bytes at several places of a disk that is zero elsewhere.</summary>
    private sealed class SparseDisk(long length, byte[] piece, long[] places) : BlockDevice
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> buffer)
        {
            for (var i = 0; i < buffer.Length; i++)
            {
                var position = offset + i;
                var place = places.LastOrDefault(p => p <= position, -1);
                buffer[i] = place >= 0 && position - place < piece.Length ? piece[position - place] : (byte)0;
            }
        }

        public override IEnumerable<DiskExtent> Extents(long offset, long length)
        {
            long end = 0;
            foreach (var place in places)
            {
                if (place > end)
                {
                    yield return new DiskExtent(end, place - end, IsZero: true);
                }

                yield return new DiskExtent(place, piece.Length, IsZero: false);
                end = place + piece.Length;
            }

            yield return new DiskExtent(end, length - end, IsZero: true);
        }
    }
}
