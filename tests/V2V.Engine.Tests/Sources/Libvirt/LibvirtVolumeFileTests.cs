using System.Security.Cryptography;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Sources.Libvirt;
using Xunit;

namespace V2V.Engine.Tests.Sources.Libvirt;

/// <summary>Volumes of another host's libvirt, compared with their files and with what virsh downloads.</summary>
public sealed class LibvirtVolumeFileTests(PrivateLibvirt libvirt) : IClassFixture<PrivateLibvirt>
{
    private const int MiB = 1 << 20;

    private string Path(string name) => System.IO.Path.Combine(libvirt.Images, name);

    [Fact]
    public void A_volume_reads_as_virsh_downloads_it()
    {
        Sparse("web.img", 40L * MiB, (0, 3 * MiB + 17), (21 * MiB, 5 * MiB), (40 * MiB - 5, 5));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");
        libvirt.Virsh("vol-download", "--pool", "images", "web.img", Path("downloaded"));
        var expected = File.ReadAllBytes(Path("downloaded"));

        using var file = Open("web.img");
        Assert.Equal(expected.Length, file.Length);
        var all = new byte[expected.Length];
        file.Read(0, all);
        Assert.Equal(SHA256.HashData(expected), SHA256.HashData(all));
        foreach (var (offset, length) in new[] { (0, 1), (3 * MiB, 100), (21 * MiB - 3, 6), (40 * MiB - 1, 1), (12345, 7 * MiB) })
        {
            var part = new byte[length];
            file.Read(offset, part);
            Assert.True(part.AsSpan().SequenceEqual(expected.AsSpan(offset, length)), $"{length} bytes at {offset} differ");
        }
    }

    [Fact]
    public void The_disk_in_a_volume_is_what_qemu_img_makes_of_it()
    {
        Sparse("raw.img", 24L * MiB, (MiB, 2 * MiB), (20 * MiB, MiB));
        ExternalTool.Check("qemu-img", "convert", "-O", "qcow2", "-c", Path("raw.img"), Path("web.qcow2"));
        ExternalTool.Check("qemu-img", "convert", "-O", "raw", Path("web.qcow2"), Path("expected"));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");

        using var disk = DiskImages.Open(Open("web.qcow2"), new DiskOpenOptions { Format = "qcow2" });
        var contents = new byte[disk.Length];
        disk.Read(0, contents);
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(Path("expected"))), SHA256.HashData(contents));
    }

    [Fact]
    public void Holes_are_seen_without_being_read()
    {
        const long TiB = 1L << 40;
        Sparse("large.img", TiB, (0, MiB), (TiB / 2, 3 * MiB));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");

        using var file = Open("large.img");
        var extents = file.Extents(0, file.Length).ToList();
        Assert.Equal(TiB, extents.Sum(e => e.Length));
        Assert.Equal([false, true, false, true], extents.Select(e => e.IsZero));
        Assert.Equal(TiB / 2, extents[2].Offset);
        // Data goes on until the next sounding.
        Assert.True(extents.Where(e => !e.IsZero).Sum(e => e.Length) <= 2 * (TiB / 1024));
        Assert.True(file.Allocated() < 8 * MiB);
        Assert.Equal(extents.Skip(1).Take(1), file.Extents(extents[1].Offset, extents[1].Length));
    }

    [Fact]
    public async Task A_connection_that_breaks_is_made_again()
    {
        Sparse("broken.img", 64L * MiB, (0, 64 * MiB));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");
        using var file = Open("broken.img");
        var contents = new byte[64 * MiB];
        using var isUnderWay = new ManualResetEventSlim();
        using var isBroken = new ManualResetEventSlim();
        var reading = Task.Run(() =>
        {
            // One after the other, so that several are asked for ahead when the connection breaks.
            for (var offset = 0; offset < contents.Length; offset += MiB / 4)
            {
                file.Read(offset, contents.AsSpan(offset, MiB / 4));
                if (offset == 8 * MiB)
                {
                    isUnderWay.Set();
                    isBroken.Wait(TestContext.Current.CancellationToken);
                }
            }
        }, TestContext.Current.CancellationToken);
        isUnderWay.Wait(TestContext.Current.CancellationToken);
        libvirt.Kill();
        isBroken.Set();
        libvirt.Start();

        await reading;
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(Path("broken.img"))), SHA256.HashData(contents));
    }

    [Fact]
    public async Task A_host_that_hangs_is_given_up_and_asked_again()
    {
        Sparse("hanging.img", 8L * MiB, (0, 8 * MiB));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");
        using var file = Open("hanging.img", TimeSpan.FromSeconds(1));
        file.Read(0, new byte[512]);

        libvirt.Hang(true);
        var reading = Task.Run(() =>
        {
            var later = new byte[MiB];
            file.Read(2 * MiB, later);
            return later;
        }, TestContext.Current.CancellationToken);
        Assert.NotSame(reading, await Task.WhenAny(reading, Task.Delay(1500, TestContext.Current.CancellationToken)));
        libvirt.Hang(false);

        Assert.True((await reading).AsSpan().SequenceEqual(File.ReadAllBytes(Path("hanging.img")).AsSpan(2 * MiB, MiB)));
    }

    [Fact]
    public async Task Disposal_ends_a_read_that_waits()
    {
        Sparse("waiting.img", 8L * MiB, (0, 8 * MiB));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");
        var file = Open("waiting.img", TimeSpan.FromHours(1));
        file.Read(0, new byte[512]);

        libvirt.Hang(true);
        try
        {
            var reading = Task.Run(() => file.Read(MiB, new byte[MiB]), TestContext.Current.CancellationToken);
            Assert.NotSame(reading, await Task.WhenAny(reading, Task.Delay(200, TestContext.Current.CancellationToken)));
            file.Dispose();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        }
        finally
        {
            libvirt.Hang(false);
        }
    }

    [Fact]
    public void A_volume_that_shrinks_is_an_error_at_its_place()
    {
        Sparse("shrinking.img", 8L * MiB, (0, 8 * MiB));
        libvirt.Start();
        libvirt.Virsh("pool-refresh", "images");
        using var file = Open("shrinking.img");
        using (var other = new FileStream(Path("shrinking.img"), FileMode.Open, FileAccess.Write))
        {
            other.SetLength(3 * MiB);
        }

        foreach (var (offset, length) in new[] { (2 * MiB, 4 * MiB), (6 * MiB, 4096) })
        {
            var error = Assert.Throws<DiskImageException>(() => file.Read(offset, new byte[length]));
            Assert.Equal(V2VError.DiskImageReadFailed, error.Error);
            Assert.Contains("shrinking.img", error.Message, StringComparison.Ordinal);
        }
    }

    private DiskFile Open(string name, TimeSpan? timeout = null)
    {
        var connection = new LibvirtConnection(LibvirtUri.Parse(libvirt.Uri), new RemoteAccess { Timeout = timeout ?? TimeSpan.FromSeconds(30) });
        return new LibvirtVolumeStore(connection).Open(Path(name).TrimStart('/'))!;
    }

    /// <summary>A file with random bytes in some places and holes elsewhere, owned by whoever the daemon runs as.</summary>
    private void Sparse(string name, long length, params (long Offset, int Length)[] data)
    {
        using var file = new FileStream(Path(name), FileMode.Create);
        file.SetLength(length);
        foreach (var (offset, count) in data)
        {
            file.Position = offset;
            file.Write(RandomNumberGenerator.GetBytes(count));
        }
    }
}
