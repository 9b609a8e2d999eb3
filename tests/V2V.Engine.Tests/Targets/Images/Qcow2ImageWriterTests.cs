using System.Text.Json;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class Qcow2ImageWriterTests : IDisposable
{
    private const int Cluster = 65536;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ImageCompression.None)]
    [InlineData(ImageCompression.Zlib)]
    [InlineData(ImageCompression.Zstd)]
    public void Runs_written_by_several_threads_in_random_order_make_a_clean_image_with_the_same_contents(ImageCompression compression)
    {
        var contents = MemoryDisk.Mixed((40 << 20) + 12 * 512, seed: 1);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        var runs = RandomRuns(contents.Length, seed: 2);
        using (var writer = Create("disk.qcow2", contents.Length, compression))
        {
            Parallel.ForEach(runs, new ParallelOptions { MaxDegreeOfParallelism = 6 }, run =>
                writer.Write(run.Offset, contents.AsSpan(run.Offset, run.Length)));
            writer.Complete();
            Assert.InRange(writer.BytesWritten, 1, new FileInfo(_folder["disk.qcow2"]).Length);
        }

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
    }

    [Theory]
    [InlineData(ImageCompression.None, "zlib", 0)]
    [InlineData(ImageCompression.Zlib, "zlib", 128)]
    [InlineData(ImageCompression.Zstd, "zstd", 128)]
    public void Text_is_compressed_as_the_header_says(ImageCompression compression, string type, int compressedClusters)
    {
        var contents = Text(128 * Cluster);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        WriteImage("disk.qcow2", contents, compression);

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
        using var info = JsonDocument.Parse(ExternalTool.Check("qemu-img", "info", "--output=json", _folder["disk.qcow2"]));
        var data = info.RootElement.GetProperty("format-specific").GetProperty("data");
        Assert.Equal("1.1", data.GetProperty("compat").GetString());
        Assert.Equal(type, data.GetProperty("compression-type").GetString());
        Assert.Equal(16, data.GetProperty("refcount-bits").GetInt32());
        Assert.Equal(contents.Length, info.RootElement.GetProperty("virtual-size").GetInt64());
        using var check = JsonDocument.Parse(ExternalTool.Check("qemu-img", "check", "--output=json", _folder["disk.qcow2"]));
        var compressed = check.RootElement.TryGetProperty("compressed-clusters", out var value) ? value.GetInt32() : 0;
        Assert.Equal(compressedClusters, compressed);
        if (compressedClusters > 0)
        {
            Assert.InRange(new FileInfo(_folder["disk.qcow2"]).Length, 1, contents.Length / 2);
        }
    }

    [Theory]
    [InlineData(ImageCompression.Zlib)]
    [InlineData(ImageCompression.Zstd)]
    public void What_does_not_compress_is_stored_as_it_is(ImageCompression compression)
    {
        var contents = new byte[100 * Cluster];
        new Random(3).NextBytes(contents);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        WriteImage("disk.qcow2", contents, compression);

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
        using var check = JsonDocument.Parse(ExternalTool.Check("qemu-img", "check", "--output=json", _folder["disk.qcow2"]));
        Assert.False(check.RootElement.TryGetProperty("compressed-clusters", out _));
        Assert.Equal(100, check.RootElement.GetProperty("allocated-clusters").GetInt32());
    }

    [Theory]
    [InlineData(512, ImageCompression.None)]
    [InlineData(512, ImageCompression.Zstd)]
    [InlineData(Cluster, ImageCompression.None)]
    [InlineData((3 * Cluster) + 1536, ImageCompression.None)]
    [InlineData((3 * Cluster) + 1536, ImageCompression.Zlib)]
    [InlineData((3 * Cluster) + 1000, ImageCompression.None)]
    public void A_disk_may_end_within_a_cluster(int capacity, ImageCompression compression)
    {
        var contents = Text(capacity);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        WriteImage("disk.qcow2", contents, compression);

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
    }

    [Theory]
    [InlineData(ImageCompression.None)]
    [InlineData(ImageCompression.Zlib)]
    public void A_write_within_a_cluster_leaves_the_rest_of_it_zero(ImageCompression compression)
    {
        var contents = new byte[5 * Cluster];
        Text(2 * Cluster).CopyTo(contents, Cluster + 700);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        using (var writer = Create("disk.qcow2", contents.Length, compression))
        {
            writer.Write(Cluster + 700, contents.AsSpan(Cluster + 700, 2 * Cluster));
            writer.Complete();
        }

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
    }

    [Fact]
    public void References_are_counted_for_files_of_several_refcount_blocks()
    {
        // The first bytes of more clusters than one block counts: a file of more than 2 GiB, of which little is allocated.
        const int clusters = 33_000;
        var sector = Text(512);
        using (var writer = Create("disk.qcow2", (long)clusters * Cluster, ImageCompression.None))
        {
            Parallel.For(0, clusters, i => writer.Write((long)i * Cluster, sector));
            writer.Complete();
        }

        ExternalTool.Check("qemu-img", "check", _folder["disk.qcow2"]);
        using var check = JsonDocument.Parse(ExternalTool.Check("qemu-img", "check", "--output=json", _folder["disk.qcow2"]));
        Assert.Equal(clusters, check.RootElement.GetProperty("allocated-clusters").GetInt32());
    }

    [Fact]
    public void An_image_that_was_not_completed_is_none()
    {
        using (var writer = Create("disk.qcow2", 10 * Cluster, ImageCompression.None))
        {
            writer.Write(0, Text(Cluster));
        }

        var (exitCode, _) = ExternalTool.Run("qemu-img", "info", "-f", "qcow2", _folder["disk.qcow2"]);
        Assert.NotEqual(0, exitCode);
    }

    [Fact]
    public void Nothing_written_makes_a_disk_of_zeros()
    {
        using (var writer = Create("disk.qcow2", 1 << 30, ImageCompression.Zstd))
        {
            writer.Complete();
        }

        using (var raw = File.OpenHandle(_folder["disk.raw"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(raw, 1 << 30);
        }

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
    }

    [Fact]
    public void A_file_that_was_there_leaves_nothing_behind()
    {
        File.WriteAllBytes(_folder["disk.qcow2"], Text(50 * Cluster));
        var contents = new byte[20 * Cluster];
        Text(512).CopyTo(contents, 5 * Cluster);
        File.WriteAllBytes(_folder["disk.raw"], contents);
        using (var writer = Create("disk.qcow2", contents.Length, ImageCompression.None, createNew: false))
        {
            writer.Write(5 * Cluster, contents.AsSpan(5 * Cluster, 512));
            writer.Complete();
        }

        QemuJudge.AssertImage(_folder["disk.qcow2"], _folder["disk.raw"]);
        Assert.InRange(new FileInfo(_folder["disk.qcow2"]).Length, 0, 8 * Cluster);
    }

    [Fact]
    public void A_cluster_cannot_be_written_twice()
    {
        using var writer = Create("disk.qcow2", 10 * Cluster, ImageCompression.None);
        writer.Write(Cluster, Text(Cluster));
        Assert.Throws<InvalidOperationException>(() => writer.Write(Cluster, Text(Cluster)));
    }

    [Fact]
    public void A_write_beyond_the_disk_is_a_mistake_of_the_caller()
    {
        using var writer = Create("disk.qcow2", 10 * Cluster, ImageCompression.None);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(10 * Cluster, Text(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(-1, Text(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(long.MaxValue, Text(2)));
    }

    private static byte[] Text(int length)
    {
        var random = new Random(length);
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)('a' + random.Next(4));
        }

        return bytes;
    }

    /// <summary>Cuts a disk into runs of whole clusters and shuffles them.</summary>
    private static (int Offset, int Length)[] RandomRuns(int capacity, int seed)
    {
        var random = new Random(seed);
        var runs = new List<(int, int)>();
        for (var offset = 0; offset < capacity;)
        {
            var length = Math.Min(capacity - offset, random.Next(1, 50) * Cluster);
            runs.Add((offset, length));
            offset += length;
        }

        var shuffled = runs.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    private ImageWriter Create(string name, long capacity, ImageCompression compression, bool createNew = true) =>
        ImageWriters.Create(_folder[name], ImageFormat.Qcow2, capacity, compression, createNew);

    private void WriteImage(string name, byte[] contents, ImageCompression compression)
    {
        using var writer = Create(name, contents.Length, compression);
        writer.Write(0, contents);
        writer.Complete();
    }
}
