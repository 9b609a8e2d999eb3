using System.Globalization;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>
/// Version 4, without checksums, as Enterprise Linux 6 and earlier made it. Many kernels no longer mount it, so it is filled by mkfs.xfs and the
/// engine, and judged by xfs_repair, xfs_db and GRUB's driver.
/// </summary>
public sealed class XfsVersion4Tests
{
    public static TheoryData<string> Formats { get; } =
    [
        "-m crc=0 -d agcount=4",
        "-m crc=0 -b size=512 -i size=256 -d agcount=2",
        "-m crc=0 -b size=1024 -i attr=1 -d agcount=4",
        "-m crc=0 -n ftype=0 -i projid32bit=0 -l lazy-count=0",
        "-m crc=0 -n size=8192,ftype=1 -i size=1024 -d agcount=1",
    ];

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_mkfs_stored_is_found(string format)
    {
        var source = Directory.CreateTempSubdirectory("v2v-xfs-source-");
        try
        {
            var content = new byte[200_000];
            new Random(4).NextBytes(content);
            var large = Path.Combine(source.FullName, "large");
            File.WriteAllBytes(large, content);
            var prototype = Path.Combine(source.FullName, "prototype");
            File.WriteAllText(prototype, $"/dev/null\n0 0\nd--755 0 0\nlarge ---644 3 4 {large}\nlink l--777 0 0 large/target\nsub d--700 1 2\ninner ---600 0 0 {prototype}\n$\n$\n");
            using var image = new XfsTestImage("96M", [.. format.Split(' '), "-p", prototype]);
            using var device = new FileDevice(image.Path);
            using var fileSystem = XfsFileSystem.Open(device);

            Assert.Equal(["large", "link", "sub"], fileSystem.Enumerate("/").Select(e => e.Name).Order(StringComparer.Ordinal));
            Assert.Equal(content, fileSystem.ReadAllBytes("/large"));
            Assert.Equal("large/target", fileSystem.ReadLink("/link"));
            Assert.Equal(File.ReadAllText(prototype), fileSystem.ReadAllText("/sub/inner"));
            Assert.Equal((3u, 4u, 0x1A4), (fileSystem.Find("/large")!.UserId, fileSystem.Find("/large")!.GroupId, fileSystem.Find("/large")!.Mode));
        }
        finally
        {
            source.Delete(recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Random_operations_leave_a_file_system_that_xfs_repair_and_a_fresh_reader_find_right(string format)
    {
        using var image = new XfsTestImage("96M", format.Split(' '));
        var random = new Random(format.Length * 7919);
        using var device = new FileDevice(image.Path);
        var fileSystem = XfsFileSystem.Open(device);
        var model = new FileSystemModel(fileSystem, random);
        for (var round = 0; round < 4; round++)
        {
            for (var step = 0; step < 150; step++)
            {
                model.Step();
            }

            model.AssertSame(fileSystem);
            fileSystem.Flush();
            image.Check();
            fileSystem = XfsFileSystem.Open(device);
            model.AssertSame(fileSystem);
            model.Reopen(fileSystem);
        }
    }

    [Fact]
    public void GRUB_reads_what_the_engine_wrote()
    {
        ExternalTool.Need("grub-fstest");
        using var image = new XfsTestImage("96M", "-m", "crc=0", "-d", "agcount=4");
        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        fileSystem.CreateDirectory("/directory", new GuestFileAttributes());
        for (var i = 0; i < 800; i++)
        {
            fileSystem.CreateFile($"/directory/file-number-{i}", new GuestFileAttributes());
            fileSystem.Write($"/directory/file-number-{i}", 0, Encoding.ASCII.GetBytes($"contents {i}\n"));
        }

        // Two files that grow in turns become fragmented.
        foreach (var name in new[] { "/one", "/two" })
        {
            fileSystem.CreateFile(name, new GuestFileAttributes());
        }

        var block = new byte[4096];
        for (var i = 0; i < 600; i++)
        {
            Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)).CopyTo(block, 0);
            fileSystem.Write("/one", i * 8192L, block);
            fileSystem.Write("/two", i * 4096L, block);
        }

        fileSystem.Flush();
        image.Check();
        for (var i = 0; i < 800; i += 79)
        {
            Assert.Equal($"contents {i}\n", ExternalTool.Check("grub-fstest", image.Path, "cat", $"(loop0)/directory/file-number-{i}"));
        }

        var copy = image.WriteFile("copy", []);
        ExternalTool.Check("grub-fstest", image.Path, "cp", "(loop0)/one", copy);
        Assert.Equal(fileSystem.ReadAllBytes("/one"), File.ReadAllBytes(copy));
        Assert.Contains("btree", image.Db($"inode {fileSystem.Find("/one")!.Id}", "print core.format"), StringComparison.Ordinal);
    }
}
