using System.Diagnostics;
using V2V.Engine.Disks;
using V2V.Engine.FileSystems;
using V2V.Engine.Targets;
using V2V.Engine.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Targets.Images;

public sealed class DiskCopierTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ImageFormat.Raw, ImageCompression.None, 1)]
    [InlineData(ImageFormat.Raw, ImageCompression.None, 0)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.None, 1)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.None, 5)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zlib, 3)]
    [InlineData(ImageFormat.Qcow2, ImageCompression.Zstd, 3)]
    public void The_copy_equals_the_source(ImageFormat format, ImageCompression compression, int threads)
    {
        using var source = new MemoryDisk(MemoryDisk.Mixed((30 << 20) + 2560, seed: 9));
        File.WriteAllBytes(_folder["source"], source.Contents);
        CopyStatistics statistics;
        using (var writer = Create(format, source.Length, compression))
        {
            statistics = DiskCopier.Copy(Plan(source, []), writer, new CopyOptions(threads), progress: null, TestContext.Current.CancellationToken);
            writer.Complete();
        }

        Assert.Equal(source.Length, statistics.BytesRead);
        Assert.Equal(source.Length, source.BytesRead);
        Assert.Equal(source.Length, statistics.BytesWritten + statistics.ZeroBytesFound);
        Assert.InRange(statistics.ZeroBytesFound, 1 << 20, source.Length);
        ExternalTool.Check("qemu-img", "compare", "-f", "raw", _folder["source"], _folder["target"]);
        if (format == ImageFormat.Qcow2)
        {
            ExternalTool.Check("qemu-img", "check", _folder["target"]);
        }
    }

    [Fact]
    public void What_is_unused_or_known_to_be_zero_is_not_read()
    {
        const int mib = 1 << 20;
        var contents = new byte[16 * mib];
        new Random(10).NextBytes(contents);
        var read = new bool[16];
        using var source = new MemoryDisk(contents, [new DiskExtent(0, 12 * mib, false), new DiskExtent(12 * mib, 4 * mib, true)])
        {
            OnRead = offset => read[offset / mib] = true,
        };
        using var writer = Create(ImageFormat.Raw, source.Length);
        var statistics = DiskCopier.Copy(Plan(source, [new ByteRange(2 * mib, 3 * mib)]), writer, new CopyOptions(), progress: null, TestContext.Current.CancellationToken);
        writer.Complete();

        Assert.Equal(new CopyStatistics(9 * mib, 9 * mib, 3 * mib, 0), statistics);
        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(i is < 2 or (>= 5 and < 12), read[i]);
        }

        contents.AsSpan(2 * mib, 3 * mib).Clear();
        contents.AsSpan(12 * mib).Clear();
        writer.Dispose();
        Assert.True(contents.AsSpan().SequenceEqual(File.ReadAllBytes(_folder["target"])));
    }

    [Fact]
    public void The_first_failure_ends_the_copy_and_keeps_its_type()
    {
        using var source = new MemoryDisk(new byte[200 << 20])
        {
            OnRead = offset =>
            {
                if (offset >= 5 << 20)
                {
                    throw new DiskImageException(V2VError.DiskImageCorrupt, "A grain is broken.");
                }
            },
        };
        using var writer = Create(ImageFormat.Qcow2, source.Length);
        var e = Assert.Throws<DiskImageException>(() => DiskCopier.Copy(Plan(source, []), writer, new CopyOptions(4), progress: null, TestContext.Current.CancellationToken));
        Assert.Equal("A grain is broken.", e.Message);
        Assert.InRange(source.BytesRead, 0, 20 << 20);
    }

    [Fact]
    public void A_cancelled_copy_stops_at_once()
    {
        using var cancellation = new CancellationTokenSource();
        using var source = new MemoryDisk(new byte[500 << 20])
        {
            OnRead = offset =>
            {
                Thread.Sleep(20);
                if (offset >= 10 << 20)
                {
                    cancellation.Cancel();
                }
            },
        };
        using var writer = Create(ImageFormat.Raw, source.Length);
        Assert.ThrowsAny<OperationCanceledException>(
            () => DiskCopier.Copy(Plan(source, []), writer, new CopyOptions(2), progress: null, cancellation.Token));
        Assert.InRange(source.BytesRead, 0, 20 << 20);
    }

    [Fact]
    public void Progress_comes_on_the_calling_thread_and_ends_with_everything()
    {
        var reports = new List<CopyProgress>();
        var threads = new HashSet<int>();
        var progress = new Recorder(report =>
        {
            reports.Add(report);
            threads.Add(Environment.CurrentManagedThreadId);
        });
        // The middle is copied when there were some reports.
        using var source = new MemoryDisk(new byte[20 << 20]) { OnRead = offset => Watchdog.WaitUntil(() => offset < 10 << 20 || reports.Count >= 3) };
        using var writer = Create(ImageFormat.Raw, source.Length);
        var started = Stopwatch.GetTimestamp();
        DiskCopier.Copy(Plan(source, []), writer, new CopyOptions(2), progress, TestContext.Current.CancellationToken);

        Assert.Equal([Environment.CurrentManagedThreadId], threads);
        Assert.InRange(reports.Count, 4, 1 + (Stopwatch.GetElapsedTime(started) / TimeSpan.FromMilliseconds(100)));
        Assert.Equal(reports.OrderBy(r => r.Done), reports);
        Assert.Equal(new CopyProgress(source.Length, source.Length), reports[^1]);
    }

    [Fact]
    public void A_listener_that_throws_stops_the_copy_before_its_exception_comes_out()
    {
        using var source = new MemoryDisk(new byte[500 << 20]) { OnRead = _ => Thread.Sleep(20) };
        using var writer = Create(ImageFormat.Raw, source.Length);
        var progress = new Recorder(_ => throw new InvalidTimeZoneException());
        Assert.Throws<InvalidTimeZoneException>(() => DiskCopier.Copy(Plan(source, []), writer, new CopyOptions(2), progress, TestContext.Current.CancellationToken));
        var read = source.BytesRead;
        Thread.Sleep(100);
        Assert.Equal(read, source.BytesRead);
        Assert.InRange(read, 0, 100 << 20);
    }

    private static CopyPlan Plan(BlockDevice source, IEnumerable<ByteRange> unused) =>
        CopyPlan.Create(source, unused, ImageWriters.Granularity(ImageFormat.Qcow2), TestContext.Current.CancellationToken);

    private ImageWriter Create(ImageFormat format, long capacity, ImageCompression compression = ImageCompression.None) =>
        ImageWriters.Create(_folder["target"], format, capacity, compression, createNew: true);

    private sealed class Recorder(Action<CopyProgress> action) : IProgress<CopyProgress>
    {
        public void Report(CopyProgress value) => action(value);
    }
}
