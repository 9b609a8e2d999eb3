using System.Security.Cryptography;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Ssh;

[Collection(SshCollection.Name)]
public sealed class SftpFileTests : IDisposable
{
    private readonly SshServer _server = SshServer.Start();

    public void Dispose() => _server.Dispose();

    private DiskFile Open(string name, int? port = null, RemoteAccess? access = null) =>
        RemoteFiles.Locate(_server.Uri(name, port), access ?? _server.Access).Open();

    private byte[] Write(string name, int size)
    {
        byte[] content = RandomNumberGenerator.GetBytes(size);
        _server.Folder.Write(name, content);
        return content;
    }

    [Fact]
    public void A_file_is_read_from_any_place_by_many_threads()
    {
        byte[] content = Write("disk image.raw", 5_000_001);
        using DiskFile file = Open("disk image.raw");
        Assert.Equal(content.Length, file.Length);
        Assert.Equal("disk image.raw", file.Name);
        Assert.EndsWith("/disk%20image.raw", file.Path, StringComparison.Ordinal);
        Parallel.For(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var random = new Random(i);
            int offset = random.Next(content.Length);
            byte[] buffer = new byte[random.Next(Math.Min(i % 3 == 0 ? 2_000_000 : 70_000, content.Length - offset)) + 1];
            file.Read(offset, buffer);
            Assert.True(content.AsSpan(offset, buffer.Length).SequenceEqual(buffer), $"{buffer.Length} bytes at {offset} differ");
        });
        Assert.Throws<DiskImageException>(() => file.Read(content.Length, new byte[1]));
    }

    [Fact]
    public void Files_below_the_folder_are_found_and_none_beside_it()
    {
        Directory.CreateDirectory(_server.Folder["guest/snapshots"]);
        Write("guest/web.vmx", 10);
        Write("guest/snapshots/s1.vmdk", 20);
        Write("secret", 30);
        FileStore store = RemoteFiles.Locate(_server.Uri("guest/web.vmx"), _server.Access).Store;
        Assert.Equal(["web.vmx"], store.Names(""));
        Assert.Equal(["snapshots/s1.vmdk"], store.Names("snapshots"));
        Assert.Empty(store.Names("missing"));
        using DiskFile? below = store.Open("snapshots/s1.vmdk");
        Assert.Equal(20, below!.Length);
        Assert.Null(store.Open("missing"));
        var e = Assert.Throws<DiskImageException>(() => store.Open("snapshots"));
        Assert.Contains("neither a file", e.Message, StringComparison.Ordinal);

        _server.Folder.Write("guest/web.vmdk", "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \"../secret\" 0\n");
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<DiskImageException>(() => DiskImages.Open(store.Open("web.vmdk")!)).Error);
    }

    [Fact]
    public void The_uri_of_a_file_names_it_again()
    {
        byte[] content = Write("Ü [1] 100%.raw", 100);
        using DiskFile file = Open("Ü [1] 100%25.raw");
        using DiskFile again = RemoteFiles.Locate(file.Path, _server.Access).Open();
        Assert.Equal(file.Path, again.Path);
        byte[] read = new byte[100];
        again.Read(0, read);
        Assert.Equal(content, read);
    }

    [Fact]
    public void Holes_are_known_and_data_is_where_the_host_has_it()
    {
        ExternalTool.Need("python3");
        const long size = 1L << 40;
        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        using (FileStream sparse = File.Create(_server.Folder["it's sparse.raw"]))
        {
            sparse.SetLength(size);
            sparse.Position = 5L << 30;
            sparse.Write(data);
        }

        using DiskFile file = Open("it's sparse.raw");
        DiskExtent[] extents = [.. file.Extents(0, size)];
        Assert.Equal(size, extents.Sum(e => e.Length));
        DiskExtent only = Assert.Single(extents, e => !e.IsZero);
        Assert.InRange(only.Length, data.Length, 2 * data.Length);
        Assert.Equal(extents, HostFile.Open(_server.Folder["it's sparse.raw"]).Extents(0, size));
        byte[] read = new byte[data.Length];
        file.Read(5L << 30, read);
        Assert.Equal(data, read);
        DiskExtent[] part = [.. file.Extents((5L << 30) + 100, 1000)];
        Assert.Equal([new DiskExtent((5L << 30) + 100, 1000, IsZero: false)], part);
    }

    [Fact]
    public void Block_devices_have_the_size_that_the_host_tells()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("losetup", "blockdev");
        byte[] content = Write("volume", 3 << 20);
        (int exitCode, string device) = ExternalTool.Run("losetup", "--find", "--show", _server.Folder["volume"]);
        Assert.SkipUnless(exitCode == 0, "needs loop devices");
        try
        {
            // As LVM has it: a link to the device.
            File.CreateSymbolicLink(_server.Folder["lv"], device.Trim());
            using DiskFile file = Open("lv");
            Assert.Equal(content.Length, file.Length);
            byte[] read = new byte[content.Length];
            file.Read(0, read);
            Assert.Equal(-1, DiskAssert.FirstDifference(content, read));
        }
        finally
        {
            ExternalTool.Check("losetup", "--detach", device.Trim());
        }
    }

    [Fact]
    public void Reading_goes_on_after_the_connection_was_dropped()
    {
        byte[] content = Write("disk.raw", 8 << 20);
        using var proxy = new LossyProxy(_server.Port, 1_000_000, 2_500_000, 30_000);
        using DiskFile file = Open("disk.raw", proxy.Port);
        byte[] read = new byte[content.Length];
        Parallel.For(0, 8, i => file.Read(i << 20, read.AsSpan(i << 20, 1 << 20)));
        Assert.Equal(-1, DiskAssert.FirstDifference(content, read));
        Assert.Equal(0, proxy.DropsLeft);
    }

    /// <summary>Servers change the connection's keys after so many bytes, while requests are under way, and the host proves itself anew.</summary>
    [Fact]
    public void Reading_goes_on_while_keys_are_changed()
    {
        using SshServer server = SshServer.Start("UsePAM no\nRekeyLimit 1M");
        byte[] content = RandomNumberGenerator.GetBytes(6 << 20);
        server.Folder.Write("disk.raw", content);
        using var proxy = new LossyProxy(server.Port);
        using DiskFile file = RemoteFiles.Locate(server.Uri("disk.raw", proxy.Port), server.Access).Open();
        byte[] read = new byte[content.Length];
        Parallel.For(0, 6, i => file.Read(i << 20, read.AsSpan(i << 20, 1 << 20)));
        Assert.Equal(-1, DiskAssert.FirstDifference(content, read));
        Assert.Equal(1, proxy.Connections);
    }

    [Fact]
    public void Reading_goes_on_after_the_session_was_killed()
    {
        byte[] content = Write("disk.raw", 8 << 20);
        using DiskFile file = Open("disk.raw");
        file.Read(0, new byte[100]);
        int[] before = _server.Sessions;
        Assert.NotEmpty(before);
        _server.KillSessions();
        byte[] read = new byte[1 << 20];
        file.Read(7 << 20, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(content[(7 << 20)..], read));
        Assert.NotEmpty(_server.Sessions.Except(before));
    }

    [Fact]
    public void A_file_that_changed_meanwhile_is_refused()
    {
        Write("disk.raw", 8 << 20);
        using DiskFile file = Open("disk.raw");
        file.Read(0, new byte[100]);
        Write("disk.raw", 8 << 20);
        File.SetLastWriteTimeUtc(_server.Folder["disk.raw"], DateTime.UtcNow.AddMinutes(1));
        _server.KillSessions();
        var e = Assert.Throws<DiskImageException>(() => file.Read(7 << 20, new byte[100]));
        Assert.Equal(V2VError.DiskImageReadFailed, e.Error);
        Assert.Contains("changed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_stays_away_is_named()
    {
        Write("disk.raw", 1 << 20);
        using DiskFile file = Open("disk.raw", access: _server.Access with { Timeout = TimeSpan.FromSeconds(12) });
        _server.Stop();
        var e = Assert.Throws<DiskImageException>(() => file.Read(0, new byte[100]));
        Assert.Equal(V2VError.RemoteUnavailable, e.Error);
        Assert.Contains($"127.0.0.1]:{_server.Port}", e.Message, StringComparison.Ordinal);
        Assert.Contains("was lost", e.Message, StringComparison.Ordinal);
        // It has been given up: who asks again is told at once.
        Assert.Equal(V2VError.RemoteUnavailable, Assert.Throws<DiskImageException>(() => file.Read(0, new byte[100])).Error);

        // What is opened later is another matter.
        _server.Restart();
        using DiskFile later = Open("disk.raw", access: _server.Access);
        later.Read(0, new byte[100]);
    }

    [Fact]
    public void A_silent_host_is_given_up_in_time()
    {
        Write("disk.raw", 1 << 20);
        using var proxy = new LossyProxy(_server.Port) { BytesPerSecond = 0, Delay = TimeSpan.FromSeconds(5) };
        RemoteAccess access = _server.Access with { Timeout = TimeSpan.FromSeconds(1) };
        var e = Assert.Throws<DiskImageException>(() => Open("disk.raw", proxy.Port, access));
        Assert.Equal(V2VError.RemoteUnavailable, e.Error);
    }

    [Fact]
    public void A_closed_file_ends_its_reads_and_leaves_the_others_theirs()
    {
        byte[] content = Write("disk.raw", 4 << 20);
        using var proxy = new LossyProxy(_server.Port) { BytesPerSecond = 4 << 20 };
        RemoteAccess access = _server.Access;
        using DiskFile stays = Open("disk.raw", proxy.Port, access);
        DiskFile closed = Open("disk.raw", proxy.Port, access);
        Task read = Task.Run(() => closed.Read(0, new byte[content.Length]), TestContext.Current.CancellationToken);
        byte[] some = new byte[100_000];
        stays.Read(1_000_000, some);
        closed.Dispose();
        Assert.NotNull(Record.Exception(() => read.GetAwaiter().GetResult()));
        Assert.Throws<ObjectDisposedException>(() => closed.Read(0, new byte[1]));
        stays.Read(3_000_000, some);
        Assert.True(content.AsSpan(3_000_000, some.Length).SequenceEqual(some));
        Assert.Equal(1, proxy.Connections);
    }

    [Fact]
    public void A_slow_connection_is_no_lost_one()
    {
        byte[] content = Write("disk.raw", 1 << 20);
        using var proxy = new LossyProxy(_server.Port) { BytesPerSecond = 1 << 20, Delay = TimeSpan.FromMilliseconds(20) };
        using DiskFile file = Open("disk.raw", proxy.Port);
        byte[] read = new byte[content.Length];
        file.Read(0, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(content, read));
        Assert.Equal(1, proxy.Connections);
    }

    [Fact]
    public void Files_of_one_host_share_a_connection()
    {
        for (int i = 0; i < 5; i++)
        {
            Write($"disk{i}.raw", 100_000);
        }

        RemoteAccess access = _server.Access;
        DiskFile[] files = [.. Enumerable.Range(0, 5).Select(i => Open($"disk{i}.raw", access: access))];
        Assert.Single(_server.Sessions);
        foreach (DiskFile file in files)
        {
            file.Read(0, new byte[100_000]);
            file.Dispose();
        }

        // It is kept for a moment, and closed when nobody comes.
        for (int i = 0; i < 300 && _server.Sessions.Length > 0; i++)
        {
            Thread.Sleep(200);
        }

        Assert.Empty(_server.Sessions);
    }
}

/// <summary>Tests that run servers and count their processes.</summary>
[CollectionDefinition(Name)]
public sealed class SshCollection
{
    public const string Name = "SSH";
}
