using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using V2V.Engine.Sources;
using V2V.Engine.Sources.DiskOnly;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Archives;

/// <summary>Compressed files, made by the programs of the formats.</summary>
public sealed class PackedFileTests : IDisposable
{
    private const int Size = (5 << 20) + 4321;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gzip", "gzip -1 -c disk.raw")]
    [InlineData("gzip", "head -c 4000000 disk.raw | gzip -n -c; tail -c +4000001 disk.raw | gzip -9 -c")]
    [InlineData("gzip", "gzip -c disk.raw; head -c 9999 /dev/zero")]
    [InlineData("xz", "xz -1 -c disk.raw")]
    [InlineData("xz", "xz -1 -T1 --check=sha256 --block-size=700000 -c disk.raw")]
    [InlineData("xz", "xz -0 -T2 --check=crc32 --block-size=1MiB -c disk.raw")]
    [InlineData("xz", "head -c 4000000 disk.raw | xz -0 --check=none -c; head -c 16 /dev/zero; tail -c +4000001 disk.raw | xz -0 -c; head -c 4 /dev/zero")]
    [InlineData("zstd", "zstd -q -c disk.raw")]
    [InlineData("zstd", "head -c 4000000 disk.raw | zstd -q -c; tail -c +4000001 disk.raw | zstd -q -c")]
    [InlineData("bzip2", "bzip2 -c disk.raw")]
    [InlineData("bzip2", "head -c 4000000 disk.raw | bzip2 -1 -c; tail -c +4000001 disk.raw | bzip2 -c")]
    public void Their_content_is_read_at_random_and_keeps_its_holes(string program, string command)
    {
        byte[] disk = SampleDisk.Create(Size);
        PackedFile packed = Pack(program, command, disk);
        using DiskFile file = packed.Open();
        byte[] start = file.ReadStart(1000);
        Assert.Equal(disk[..1000], start);
        // Backwards, so that nothing is just what comes next.
        byte[] part = new byte[70_000];
        for (int offset = Size - part.Length; offset > 0; offset -= 511_113)
        {
            file.Read(offset, part);
            Assert.Equal(-1, DiskAssert.FirstDifference(disk.AsSpan(offset, part.Length).ToArray(), part));
        }

        Assert.Equal(Size, file.Length);
        byte[] whole = new byte[Size];
        file.Read(0, whole);
        Assert.Equal(-1, DiskAssert.FirstDifference(disk, whole));
        Assert.True(Data(file) < 4 << 20, $"{Data(file)} bytes are no holes");
        Assert.Throws<DiskImageException>(() => file.Read(Size - 10, new byte[11]));
        Assert.Equal(["disk.raw", "packed"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("gzip", "gzip -c disk.raw")]
    [InlineData("xz", "xz -0 -c disk.raw")]
    [InlineData("xz", "xz -0 -T2 --block-size=256KiB -c disk.raw")]
    [InlineData("zstd", "zstd -q -c disk.raw")]
    [InlineData("bzip2", "bzip2 -c disk.raw")]
    public void Damage_is_found_and_said_where(string program, string command)
    {
        byte[] disk = SampleDisk.Create(1 << 20);
        Pack(program, command, disk);
        byte[] packed = File.ReadAllBytes(_folder["packed"]);
        byte[] flipped = [.. packed];
        flipped[packed.Length / 2] ^= 0x55;
        byte[][] damaged = [packed[..^4], packed[..(packed.Length / 3)], flipped, [.. packed, .. "garbage that is none of it"u8], [.. packed, .. packed[..50]]];
        for (int i = 0; i < damaged.Length; i++)
        {
            _folder.Write("packed", damaged[i]);
            // bzip2's own decoder passes over what is no bzip2 data at the end.
            if (program == "bzip2" && i == 3)
            {
                continue;
            }

            var error = Assert.Throws<DiskImageException>(() =>
            {
                using DiskFile file = Open(program).Open();
                file.Read(0, new byte[file.Length]);
            });
            Assert.Equal(V2VError.DiskImageCorrupt, error.Error);
            Assert.NotNull(error.Offset);
            Assert.Equal(_folder["packed"], error.Path);
            Assert.NotNull(error.Advice);
        }
    }

    [Fact]
    public void All_who_have_it_open_share_what_was_unpacked()
    {
        byte[] disk = SampleDisk.Create(3 << 20);
        PackedFile packed = Pack("gzip", "gzip -c disk.raw", disk);
        DiskFile first = packed.Open();
        first.Read(disk.Length - 1, new byte[1]);
        // The compressed file is not read again.
        File.WriteAllBytes(_folder["packed"], []);
        DiskFile second = packed.Open();
        first.Dispose();
        first.Dispose();
        byte[] read = new byte[disk.Length];
        second.Read(0, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(disk, read));
        Assert.Throws<ObjectDisposedException>(() => first.Read(0, new byte[1]));
        second.Dispose();
        using DiskFile third = packed.Open();
        Assert.ThrowsAny<V2VException>(() => third.Read(0, new byte[1]));
    }

    [Fact]
    public void Several_threads_read_at_once()
    {
        byte[] disk = SampleDisk.Create(Size);
        PackedFile packed = Pack("xz", "xz -0 -T2 --block-size=512KiB -c disk.raw", disk);
        using BlockDevice device = DiskImages.Open(packed.Open(), new DiskOpenOptions { Format = "raw" });
        byte[] padded = new byte[(Size + 511) & ~511];
        disk.CopyTo(padded, 0);
        DiskAssert.Holds(padded, device);
    }

    [Fact]
    public void Zeros_take_no_room_however_many_there_are()
    {
        ExternalTool.Check("sh", "-c", $"head -c 200000000 /dev/zero | zstd -q -c > {_folder["packed"]}");
        using DiskFile file = Open("zstd").Open();
        Assert.Equal(200_000_000, file.Length);
        Assert.Equal(0, Data(file));
    }

    [Fact]
    public void A_full_folder_for_temporary_files_is_an_error_that_names_it()
    {
        ExternalTool.NeedRoot();
        ExternalTool.Need("mount", "umount");
        string small = Directory.CreateDirectory(_folder["small"]).FullName;
        if (ExternalTool.Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small).ExitCode != 0)
        {
            Assert.Skip("needs the right to mount");
        }

        try
        {
            Pack("gzip", "gzip -c disk.raw", SampleDisk.Create(4 << 20));
            using DiskFile file = Compression.Gzip.Content(() => HostFile.Open(_folder["packed"]), small).Open();
            var error = Assert.Throws<DiskImageException>(() => file.Length);
            Assert.Equal((V2VError.TemporaryFolderFull, small), (error.Error, error.Path));
            Assert.Contains("-TemporaryDirectory", error.Advice, StringComparison.Ordinal);
        }
        finally
        {
            Mounts.Remove(small);
        }
    }

    [Fact]
    public void A_missing_folder_for_temporary_files_is_said()
    {
        Pack("gzip", "gzip -c disk.raw", new byte[10]);
        var error = Assert.Throws<DiskImageException>(() => Compression.Gzip.Content(() => HostFile.Open(_folder["packed"]), _folder["gone"]).Open());
        Assert.Equal((V2VError.TemporaryFolderFull, _folder["gone"]), (error.Error, error.Path));
    }

    [Theory]
    [InlineData("--x86 --lzma2", "x86 filter")]
    [InlineData("--delta=dist=4 --lzma2", "filter 0x3")]
    [InlineData("--lzma2=dict=512MiB", "512")]
    public void Filters_of_xz_that_are_not_decoded_are_refused_by_name(string options, string named)
    {
        Pack("xz", $"xz -0 {options} -c disk.raw", new byte[4000]);
        using DiskFile file = Open("xz").Open();
        if (named == "512")
        {
            // More is asked for than a file of this size can use.
            Assert.Equal(V2VError.DiskImageUnsupported, Assert.Throws<DiskImageException>(() => file.Read(0, new byte[1])).Error);
            return;
        }

        var error = Assert.Throws<DiskImageException>(() => file.Read(0, new byte[1]));
        Assert.Equal(V2VError.DiskImageUnsupported, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip", "gzip -c disk.raw")]
    [InlineData("xz", "xz -0 -T2 --block-size=20KiB -c disk.raw")]
    [InlineData("zstd", "zstd -q -c disk.raw")]
    [InlineData("bzip2", "bzip2 -c disk.raw")]
    public void Whatever_is_changed_in_them_ends_in_an_error_or_in_the_content(string program, string command)
    {
        byte[] disk = SampleDisk.Create(70_000);
        Pack(program, command, disk);
        byte[] packed = File.ReadAllBytes(_folder["packed"]);
        var random = new Random(5);
        for (int i = 0; i < 125; i++)
        {
            byte[] damaged = [.. packed];
            // Headers and trailers have more to break than the data between them.
            int at = random.Next(3) switch { 0 => random.Next(40), 1 => damaged.Length - 1 - random.Next(80), _ => random.Next(damaged.Length) };
            damaged[at] = (byte)random.Next(256);
            _folder.Write("packed", damaged);
            try
            {
                using DiskFile file = Open(program).Open();
                byte[] read = new byte[Math.Min(file.Length, 1 << 20)];
                file.Read(0, read);
                Assert.Equal(-1, DiskAssert.FirstDifference(disk, read));
            }
            catch (DiskImageException)
            {
            }
        }
    }

    [Theory]
    [InlineData("gzip", "gzip -c disk.raw")]
    [InlineData("xz", "xz -0 -c disk.raw")]
    public void A_compressed_image_is_a_guest_like_a_plain_one(string program, string command)
    {
        QemuImg.Require();
        byte[] disk = SampleDisk.Create(2 << 20);
        Pack(program, command, disk);
        File.Move(_folder["packed"], _folder["mail.img.gz"]);
        SourceGuest guest = Assert.Single(GuestSources.Open(_folder["mail.img.gz"], TestContext.Current.CancellationToken));
        Assert.Equal(("mail", "Disk", "raw", disk.LongLength), (guest.Name, guest.SourceKind, guest.Disks[0].Format, guest.Disks[0].Capacity));
        using BlockDevice device = guest.Disks[0].Open();
        DiskAssert.Holds(disk, device);

        QemuImg.Run("convert", "-f", "raw", "-O", "qcow2", _folder["disk.raw"], _folder["x.qcow2"]);
        ExternalTool.Check("sh", "-c", $"{program} -c {_folder["x.qcow2"]} > {_folder["web.qcow2.packed"]}");
        using BlockDevice second = DiskSource.FromDisks([_folder["web.qcow2.packed"]], "web", cancellation: TestContext.Current.CancellationToken).Disks[0].Open();
        DiskAssert.Holds(disk, second);
    }

    private static long Data(DiskFile file) => file.Extents(0, file.Length).Where(e => !e.IsZero).Sum(e => e.Length);

    private PackedFile Pack(string program, string command, byte[] content)
    {
        ExternalTool.Need(program, "sh", "head", "tail");
        _folder.Write("disk.raw", content);
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && ({command}) > packed");
        return Open(program);
    }

    private PackedFile Open(string program)
    {
        Compression compression = Compression.All.Single(c => c.Name == program);
        return compression.Content(() => HostFile.Open(_folder["packed"]), _folder.Path);
    }
}
