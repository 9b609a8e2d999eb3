using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using V2V.Engine.Disks;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using V2V.Engine.Targets.Directory;
using V2V.Engine.Targets.Libvirt;
using V2V.Engine.Tests.Targets.Images;
using Xunit;

namespace V2V.Engine.Tests.Faults;

/// <summary>How soon a run looks at a request to stop: counted in what it still does, since time says little on a busy machine.</summary>
public sealed class StoppedReadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>From the first read to the last: opening, finding volumes, inspecting, converting, verifying, planning, copying, comparing.</summary>
    [Fact]
    public void Wherever_a_run_is_stopped_it_reads_no_further()
    {
        var all = Run(stopAt: long.MaxValue);
        Assert.False(all.Stopped);
        Assert.True(all.Reads > 100, $"{all.Reads} reads");
        foreach (var share in Enumerable.Range(0, 20))
        {
            var stopAt = 1 + (all.Reads - 1) * share / 20;
            var (stopped, reads, phase) = Run(stopAt);
            Assert.True(stopped, $"Stopped at read {stopAt} of {all.Reads} it went on to its end.");
            // The read that was under way, and one of each thread that had begun another by then.
            Assert.True(reads <= stopAt + Environment.ProcessorCount + 2, $"Stopped at read {stopAt} in {phase}, it came to read {reads}.");
            Assert.False(Directory.Exists(_folder["out"]), $"Stopped at read {stopAt} in {phase}, it left something behind.");
        }
    }

    [Fact]
    public void What_is_compressed_is_not_unpacked_to_its_end()
    {
        const int Length = 256 << 20;
        var path = _folder["disk.img.gz"];
        using (var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest))
        {
            packed.Write(new byte[Length]);
        }

        // A raw disk's size is known when all of it is unpacked.
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => DiskSource.FromDisks([path], "web", cancellation: stop.Token));
        Assert.Equal(Length, DiskSource.FromDisks([path], "web", cancellation: TestContext.Current.CancellationToken).Disks[0].Capacity);
    }

    /// <summary>A daemon that takes the connection and says nothing, as one that hangs does.</summary>
    [Fact]
    public void A_libvirt_that_does_not_answer_keeps_no_stopped_run_waiting()
    {
        Assert.SkipUnless(System.Runtime.InteropServices.NativeLibrary.TryLoad("libvirt.so.0", out _), "libvirt's library is not on this machine");
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var uri = $"qemu+tcp://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/system";
        using var stop = new CancellationTokenSource();
        var run = Task.Factory.StartNew(
            () =>
            {
                using var target = new LibvirtTarget(uri, "default");
                new GuestConversion(Assert.Single(GuestSources.Open(GuestConversionTests.Sample)), new ConversionOptions()).Convert(target, cancellation: stop.Token);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        using var connected = silent.AcceptTcpClient();
        stop.Cancel();

        Assert.IsType<OperationCanceledException>(Assert.Throws<AggregateException>(() => run.Wait(TimeSpan.FromSeconds(60), CancellationToken.None)).InnerException, exactMatch: false);
        // Nobody has given up on the other side.
        Assert.True(connected.Connected);
    }

    private (bool Stopped, long Reads, string? Phase) Run(long stopAt)
    {
        using var stop = new CancellationTokenSource();
        var guest = Assert.Single(GuestSources.Open(GuestConversionTests.Sample));
        long reads = 0;
        var (phase, stoppedIn) = ("", (string?)null);
        void Count()
        {
            if (Interlocked.Increment(ref reads) == stopAt)
            {
                stoppedIn = phase;
                stop.Cancel();
            }
        }

        guest = guest with { Disks = [.. guest.Disks.Select(disk => disk with { ExpectedDigest = null, Open = () => new CountedDisk(disk.Open(), Count) })] };
        using var target = new DirectoryTarget(_folder["out"]);
        try
        {
            new GuestConversion(guest, new ConversionOptions { VerifyDisks = true }).Convert(target, new Listener(report => phase = report.Phase), stop.Token);
            Directory.Delete(_folder["out"], recursive: true);
            return (false, reads, stoppedIn);
        }
        catch (OperationCanceledException)
        {
            return (true, Interlocked.Read(ref reads), stoppedIn);
        }
    }

    private sealed class CountedDisk(BlockDevice disk, Action count) : BlockDevice
    {
        public override long Length => disk.Length;

        public override void Read(long offset, Span<byte> buffer)
        {
            count();
            disk.Read(offset, buffer);
        }

        public override IEnumerable<DiskExtent> Extents(long offset, long length) => disk.Extents(offset, length);

        protected override void Dispose(bool disposing)
        {
            disk.Dispose();
            base.Dispose(disposing);
        }
    }
}
