using System.Text.Json;
using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Nbd;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Nbd;

/// <summary>Exports of qemu-nbd and nbdkit, with all that they can be told to do.</summary>
public sealed class NbdFileTests : IDisposable
{
    private static readonly RemoteAccess s_access = new();

    private readonly TestFolder _folder = new();
    private readonly int _port = ExternalServer.FreePort();

    public void Dispose() => _folder.Dispose();

    /// <summary>qemu-nbd says of every read-only export that several connections make no difference, also when it serves one at a time.</summary>
    [Theory]
    [InlineData("--shared=8")]
    [InlineData("--shared=1")]
    public void A_sparse_disk_is_read_as_it_is_and_its_runs_are_those_that_QEMU_finds(string shared)
    {
        byte[] content = SparseContent();
        string image = _folder.Write("disk.raw", content);
        MakeSparse(image, content);
        using ExternalServer server = QemuNbd("--format=raw", shared, image);
        using DiskFile file = Open($"nbd://localhost:{_port}/");

        Assert.Equal(content.Length, file.Length);
        CheckContent(file, content);
        Assert.Contains(file.Extents(0, file.Length), e => e.IsZero);
        if (shared != "--shared=1")
        {
            CheckRuns(file, content.Length);
        }
    }

    [Fact]
    public void A_qcow2_image_that_a_guest_left_behind_is_read_through_qemu_nbd()
    {
        QemuImg.Require();
        string image = _folder["guest.qcow2"];
        QemuImg.Run("create", "-f", "qcow2", image, "3G");
        QemuImg.Io("qcow2", image, "write -P 1 0 64k", "write -P 2 1M 4k", "write -z 2M 1M", "write -P 3 2500k 1k", "write -P 4 2G 3M", "discard 2G 64k");
        string socket = _folder["socket"];
        using ExternalServer server = QemuNbd("--format=qcow2", "--shared=4", "--export-name=guest disk", $"--socket={socket}", image);
        using DiskFile file = Open($"nbd+unix:///guest%20disk?socket={socket}");

        byte[] buffer = new byte[8192];
        file.Read((1 << 20) - 4096, buffer);
        Assert.True(buffer.AsSpan(0, 4096).IndexOfAnyExcept((byte)0) < 0 && buffer.AsSpan(4096, 4096).IndexOfAnyExcept((byte)2) < 0);
        file.Read((2L << 30) + (64 << 10) - 10, buffer.AsSpan(0, 20));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4], buffer[..20]);
        CheckRuns(file, 3L << 30, $"nbd+unix:///guest%20disk?socket={socket}");

        var unknown = Assert.Throws<DiskImageException>(() => Open($"nbd+unix:///other?socket={socket}"));
        Assert.Equal(V2VError.DiskImageNotFound, unknown.Error);
        Assert.Contains("/other?", unknown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--filter=noextents")]
    [InlineData("--no-sr")]
    [InlineData("--mask-handshake=0")]
    [InlineData("--mask-handshake=1")]
    public void Servers_that_can_less_are_read_too(string option)
    {
        byte[] content = SparseContent();
        string image = _folder.Write("disk.raw", content);
        using ExternalServer server = Nbdkit(option, "file", image);
        using DiskFile file = Open($"nbd://localhost:{_port}");

        CheckContent(file, content);
        Assert.Equal([new DiskExtent(0, file.Length, IsZero: false)], file.Extents(0, file.Length));
    }

    [Fact]
    public void Only_whole_blocks_are_asked_of_a_server_that_wants_them()
    {
        byte[] content = SparseContent()[..^512];
        string image = _folder.Write("disk.raw", content);
        using ExternalServer server = Nbdkit(
            "--filter=blocksize-policy", "file", image, "blocksize-minimum=4096", "blocksize-preferred=64k", "blocksize-maximum=128k", "blocksize-error-policy=error");
        // Reading ahead asks for whole blocks anyway: without it.
        using DiskFile file = NbdFile.Open(NbdUri.Parse(new Uri($"nbd://127.0.0.1:{_port}/")), s_access)!;

        CheckContent(file, content);
        DiskExtent first = file.Extents(100, 1000).First();
        Assert.Equal(100, first.Offset);
        Assert.Equal(1000, file.Extents(100, 1000).Sum(e => e.Length));
    }

    [Fact]
    public void A_server_that_fails_to_read_is_reported_with_the_place()
    {
        using ExternalServer server = Nbdkit("--filter=error", "memory", "8M", "error-pread=EIO", "error-pread-rate=100%");
        using DiskFile file = Open($"nbd://localhost:{_port}/");

        var error = Assert.Throws<DiskImageException>(() => file.Read(3 << 20, new byte[4096]));
        Assert.Equal((V2VError.DiskImageReadFailed, 3 << 20), (error.Error, error.Offset));
        Assert.Contains("EIO", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encryption_is_used_when_it_is_asked_for_and_its_certificate_checked()
    {
        TestCertificate.Write(_folder);
        byte[] content = SparseContent();
        string image = _folder.Write("disk.raw", content);
        using ExternalServer server = Nbdkit("--tls=require", $"--tls-certificates={_folder.Path}", "file", image);

        var plain = Assert.Throws<DiskImageException>(() => Open($"nbd://localhost:{_port}/"));
        Assert.Equal(V2VError.RemoteUnavailable, plain.Error);
        Assert.Contains("nbds://", plain.Advice, StringComparison.Ordinal);

        var stranger = Assert.Throws<DiskImageException>(() => Open($"nbds://localhost:{_port}/"));
        Assert.Equal(V2VError.AuthenticationFailed, stranger.Error);
        Assert.Contains("certificate", stranger.Message, StringComparison.Ordinal);

        using DiskFile file = Open($"nbds://localhost:{_port}/", s_access with { SkipCertificateCheck = true });
        CheckContent(file, content);
    }

    [Fact]
    public void Encrypted_exports_of_qemu_nbd_are_read_and_plain_ones_never_instead()
    {
        TestCertificate.Write(_folder);
        byte[] content = SparseContent();
        string image = _folder.Write("disk.raw", content);
        using (QemuNbd("--format=raw", "--object", $"tls-creds-x509,id=tls,endpoint=server,dir={_folder.Path},verify-peer=no", "--tls-creds=tls", image))
        {
            using DiskFile file = Open($"nbds://localhost:{_port}/?tls-verify-peer=0");
            CheckContent(file, content);
        }

        using (QemuNbd("--format=raw", image))
        {
            var error = Assert.Throws<DiskImageException>(() => Open($"nbds://localhost:{_port}/"));
            Assert.Contains("refuses to encrypt", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_and_started_again_is_read_on()
    {
        byte[] content = SparseContent();
        string image = _folder.Write("disk.raw", content);
        string[] slow = ["--filter=delay", "file", image, "delay-read=50ms"];
        ExternalServer server = Nbdkit(slow);
        using DiskFile file = Open($"nbd://localhost:{_port}/");
        try
        {
            byte[] read = new byte[content.Length];
            file.Read(0, read.AsSpan(0, 1 << 20));
            var reader = Task.Run(() =>
            {
                for (int offset = 1 << 20; offset < read.Length; offset += 1 << 20)
                {
                    file.Read(offset, read.AsSpan(offset, Math.Min(1 << 20, read.Length - offset)));
                }
            }, TestContext.Current.CancellationToken);
            server.Dispose();
            server = Nbdkit(slow);
            await reader;
            Assert.True(read.AsSpan().SequenceEqual(content));
        }
        finally
        {
            server.Dispose();
        }
    }

    [Fact]
    public void An_export_that_has_another_size_after_a_new_connection_is_not_read_on()
    {
        ExternalServer server = Nbdkit("memory", "8M");
        using DiskFile file = Open($"nbd://localhost:{_port}/");
        file.Read(0, new byte[512]);
        server.Dispose();
        using (Nbdkit("memory", "9M"))
        {
            var error = Assert.Throws<DiskImageException>(() => file.Read(4 << 20, new byte[512]));
            Assert.Equal(V2VError.DiskImageReadFailed, error.Error);
            Assert.Contains("not the same", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_server_that_is_gone_is_given_up_with_the_place()
    {
        using DiskFile file = OpenAndLose();
        var error = Assert.Throws<DiskImageException>(() => file.Read(4 << 20, new byte[512]));
        Assert.Equal((V2VError.DiskImageReadFailed, 4 << 20), (error.Error, error.Offset));

        var unreachable = Assert.Throws<DiskImageException>(() => Open($"nbd://localhost:{_port}/"));
        Assert.Equal(V2VError.RemoteUnavailable, unreachable.Error);

        DiskFile OpenAndLose()
        {
            using ExternalServer server = Nbdkit("memory", "8M");
            return Open($"nbd://localhost:{_port}/", s_access with { Timeout = TimeSpan.FromSeconds(1) });
        }
    }

    [Fact]
    public void Servers_of_the_oldest_kind_are_refused_by_name()
    {
        using ExternalServer server = Nbdkit("--oldstyle", "memory", "1M");
        var error = Assert.Throws<DiskImageException>(() => Open($"nbd://localhost:{_port}/"));
        Assert.Contains("oldstyle", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nbd+unix:///disk", "socket")]
    [InlineData("nbd:///disk", "host")]
    [InlineData("nbds://host/disk?tls-type=psk", "tls-type=psk")]
    public void URIs_that_lack_something_are_refused(string uri, string named)
    {
        var error = Assert.Throws<DiskImageException>(() => RemoteFiles.Locate(uri, s_access));
        Assert.Contains(named, error.Message + error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Passwords_do_not_show_up()
    {
        RemoteFile file = RemoteFiles.Locate("nbd://user:secret@host/disk", s_access);
        Assert.Equal("nbd://host:10809/disk", file.Store.PathOf(file.Name));
    }

    private static DiskFile Open(string uri, RemoteAccess? access = null) => RemoteFiles.Locate(uri, access ?? s_access).Open();

    private ExternalServer Nbdkit(params string[] arguments) => Start("nbdkit", "--pidfile", ["-f", "-r", "-i", "127.0.0.1", "-p", $"{_port}", .. arguments]);

    private ExternalServer QemuNbd(params string[] arguments) =>
        Start("qemu-nbd", "--pid-file", ["--read-only", "--persistent", .. arguments.Any(a => a.StartsWith("--socket", StringComparison.Ordinal)) ? [] : new[] { "--bind=127.0.0.1", $"--port={_port}" }, .. arguments]);

    private ExternalServer Start(string program, string pidOption, string[] arguments)
    {
        string pid = _folder["pid"];
        File.Delete(pid);
        return ExternalServer.Start(() => File.Exists(pid), program, [pidOption, pid, .. arguments]);
    }

    /// <summary>Data, zeros and data, with an end that no block ends on.</summary>
    private static byte[] SparseContent()
    {
        byte[] content = new byte[(12 << 20) + 512];
        var random = new Random(1);
        random.NextBytes(content.AsSpan(0, 300_000));
        random.NextBytes(content.AsSpan(5 << 20, 3 << 20));
        random.NextBytes(content.AsSpan(content.Length - 5000));
        return content;
    }

    private static void MakeSparse(string path, byte[] content)
    {
        using var stream = File.Create(path);
        stream.SetLength(content.Length);
        for (int offset = 0; offset < content.Length; offset += 4096)
        {
            ReadOnlySpan<byte> block = content.AsSpan(offset, Math.Min(4096, content.Length - offset));
            if (block.ContainsAnyExcept((byte)0))
            {
                stream.Position = offset;
                stream.Write(block);
            }
        }
    }

    private static void CheckContent(DiskFile file, byte[] content)
    {
        Assert.Equal(content.Length, file.Length);
        Parallel.For(0, 4, seed =>
        {
            var random = new Random(seed);
            for (int i = 0; i < 30; i++)
            {
                byte[] buffer = new byte[random.Next(2) == 0 ? random.Next(1, 3000) : random.Next(2 << 20)];
                int offset = random.Next(content.Length - buffer.Length);
                file.Read(offset, buffer);
                Assert.True(content.AsSpan(offset, buffer.Length).SequenceEqual(buffer), $"{buffer.Length} bytes at {offset} differ.");
            }
        });
        byte[] whole = new byte[content.Length];
        file.Read(0, whole);
        Assert.True(whole.AsSpan().SequenceEqual(content));
    }

    /// <summary>Compares runs with what QEMU finds by the same server.</summary>
    private void CheckRuns(DiskFile file, long length, string? uri = null)
    {
        QemuImg.Require();
        using var map = JsonDocument.Parse(QemuImg.Run("map", "--output=json", "-f", "raw", uri ?? $"nbd://localhost:{_port}/"));
        var expected = map.RootElement.EnumerateArray()
            .Select(e => new DiskExtent(e.GetProperty("start").GetInt64(), e.GetProperty("length").GetInt64(), e.GetProperty("zero").GetBoolean()))
            .Merge()
            .ToArray();
        Assert.Equal(length, expected[^1].End);
        Assert.Equal(expected, file.Extents(0, length));
    }
}
