using System.Globalization;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>File systems made by mke2fs from a folder, read by the engine.</summary>
public class ExtFileSystemReadTests
{
    public static TheoryData<string, string> Formats { get; } = new()
    {
        { "-t ext4 -b 4096", "ext4" },
        { "-t ext4 -b 1024", "ext4" },
        { "-t ext4 -b 1024 -O inline_data -I 512", "ext4" },
        { "-t ext4 -b 4096 -O ^metadata_csum,uninit_bg,^64bit", "ext4" },
        { "-t ext4 -b 4096 -O ea_inode,metadata_csum_seed", "ext4" },
        { "-t ext4 -b 1024 -O meta_bg,^resize_inode", "ext4" },
        { "-t ext4 -b 1024 -O bigalloc -C 16384", "ext4" },
        { "-t ext4 -b 65536", "ext4" },
        { "-t ext3 -b 1024", "ext3" },
        { "-t ext2 -b 4096 -O ^filetype", "ext2" },
        { "-t ext2 -b 1024 -r 0", "ext2" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Everything_that_mke2fs_stored_is_found(string format, string kind)
    {
        var source = Directory.CreateTempSubdirectory("v2v-ext-source-");
        try
        {
            var random = new Random(9);
            var files = new Dictionary<string, byte[]>();
            void Add(string path, int length)
            {
                var content = new byte[length];
                random.NextBytes(content);
                files.Add(path, content);
                var full = Path.Combine(source.FullName, path[1..]);
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                File.WriteAllBytes(full, content);
            }

            Add("/empty", 0);
            Add("/tiny", 40);
            Add("/small", 130);
            Add("/d1/d2/d3/deep", 5000);
            Add("/large", 5_000_000);
            Add("/d1/Grüße, 世界", 10);
            for (var i = 0; i < 600; i++)
            {
                Add($"/d2/entry-{i}-of-a-directory-with-several-blocks", i);
            }

            File.CreateSymbolicLink(Path.Combine(source.FullName, "short-link"), "d1/d2");
            var longTarget = string.Concat(Enumerable.Repeat("target/", 30));
            File.CreateSymbolicLink(Path.Combine(source.FullName, "long-link"), longTarget);
            var mediumTarget = new string('m', 80);
            File.CreateSymbolicLink(Path.Combine(source.FullName, "medium-link"), mediumTarget);
            using (var sparse = File.Create(Path.Combine(source.FullName, "sparse")))
            {
                sparse.SetLength(3_000_000);
                sparse.Position = 2_000_000;
                sparse.Write("in the middle of nothing"u8);
            }

            if (format.Contains("inline_data", StringComparison.Ordinal))
            {
                // mke2fs 1.47.0 loses the hole at a file's end with this feature.
                File.WriteAllBytes(Path.Combine(source.FullName, "sparse"), [1]);
            }

            files.Add("/sparse", File.ReadAllBytes(Path.Combine(source.FullName, "sparse")));

            using var image = new ExtTestImage(
                format.Contains("65536", StringComparison.Ordinal) ? "256M" : "64M",
                [.. format.Split(' '), "-L", "a label", "-U", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "-d", source.FullName]);
            using var device = new FileDevice(image.Path);
            Assert.True(ExtProbe.Recognises(device));
            var fileSystem = GuestFileSystems.Open(new Volume { Kind = VolumeKind.WholeDisk, Device = device, DiskIndex = 0 });
            Assert.NotNull(fileSystem);
            Assert.Equal((kind, "a label", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"), (fileSystem.Kind, fileSystem.Label, fileSystem.Uuid));
            foreach (var (path, content) in files)
            {
                var file = fileSystem.Find(path);
                Assert.True(file is { IsRegular: true }, path);
                Assert.Equal(content.Length, file.Length);
                Assert.True(content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), path);
                Assert.Equal(File.GetLastWriteTimeUtc(Path.Combine(source.FullName, path[1..])).Ticks / TimeSpan.TicksPerSecond, file.Modified.UtcTicks / TimeSpan.TicksPerSecond);
            }

            Assert.Equal("d1/d2", fileSystem.ReadLink("/short-link"));
            Assert.Equal(longTarget, fileSystem.ReadLink("/long-link"));
            Assert.Equal(mediumTarget, fileSystem.ReadLink("/medium-link"));
            Assert.Equal(600, fileSystem.Enumerate("/d2").Count());
            Assert.All(fileSystem.Enumerate("/d2"), e => Assert.Equal(GuestFileType.Regular, e.Type));
            Assert.Equal(
                ["d1", "d2", "empty", "large", "long-link", "lost+found", "medium-link", "short-link", "small", "sparse", "tiny"],
                fileSystem.Enumerate("/").Select(e => e.Name).Order(StringComparer.Ordinal));
            Assert.Null(fileSystem.Find("/nothing"));
            Assert.Null(fileSystem.Find("/tiny/below"));
            Assert.Equal(3u, fileSystem.Find("/d1")!.LinkCount);

            if (!format.Contains("bigalloc", StringComparison.Ordinal))
            {
                AssertFreeBlocksAgree(image, fileSystem);
            }
        }
        finally
        {
            source.Delete(recursive: true);
        }
    }

    [Fact]
    public void Uninitialised_groups_are_free_but_for_their_metadata()
    {
        // 1 KiB blocks make many groups, most of them never written to.
        using var image = new ExtTestImage("300M", "-t", "ext4", "-b", "1024", "-E", "lazy_itable_init=1", "-O", "^has_journal");
        Assert.Contains("BLOCK_UNINIT", ExternalTool.Check("dumpe2fs", image.Path), StringComparison.Ordinal);
        using var device = new FileDevice(image.Path);
        using var fileSystem = ExtFileSystem.Open(device);
        AssertFreeBlocksAgree(image, fileSystem);
    }

    [Fact]
    public void Attributes_in_inodes_blocks_and_inodes_of_their_own_are_read()
    {
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", "1024", "-O", "ea_inode");
        var large = image.WriteFile("large", Encoding.ASCII.GetBytes(new string('L', 1000)));
        var medium = image.WriteFile("medium", Encoding.ASCII.GetBytes(new string('M', 700)));
        image.DebugFs("write /dev/null f", "ea_set f security.selinux system_u:object_r:etc_t:s0", $"ea_set -f {medium} f user.medium", $"ea_set -f {large} f user.large");
        using var device = new FileDevice(image.Path);
        using var fileSystem = ExtFileSystem.Open(device);
        var attributes = fileSystem.ExtendedAttributes("/f");
        Assert.Equal(["security.selinux", "user.large", "user.medium"], attributes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("system_u:object_r:etc_t:s0", Encoding.ASCII.GetString(attributes["security.selinux"]));
        Assert.Equal(new string('M', 700), Encoding.ASCII.GetString(attributes["user.medium"]));
        Assert.Equal(new string('L', 1000), Encoding.ASCII.GetString(attributes["user.large"]));
        var e = Assert.Throws<GuestFileSystemException>(() => fileSystem.Delete("/f"));
        Assert.Contains("ea_inode", e.Message, StringComparison.Ordinal);
        Assert.NotNull(fileSystem.Find("/f"));
    }

    [Fact]
    public void A_damaged_superblock_is_read_from_its_backup_and_not_written()
    {
        using var image = new ExtTestImage("32M", "-t", "ext4", "-b", "1024");
        image.DebugFs($"write {image.WriteFile("f", "contents"u8)} f");
        var bytes = File.ReadAllBytes(image.Path);
        bytes[1024 + 0x20] ^= 0xFF;
        File.WriteAllBytes(image.Path, bytes);
        using var device = new FileDevice(image.Path);
        using var fileSystem = ExtFileSystem.Open(device);
        Assert.Equal("contents", fileSystem.ReadAllText("/f"));
        Assert.Empty(fileSystem.FreeExtents());
        Assert.Equal(V2VError.FileSystemCorrupt, Assert.Throws<GuestFileSystemException>(() => fileSystem.Delete("/f")).Error);
    }

    [Fact]
    public void What_is_no_ext_file_system_is_not_recognised()
    {
        Assert.False(ExtProbe.Recognises(new ArrayDevice(new byte[1 << 20])));
        Assert.False(ExtProbe.Recognises(new ArrayDevice(new byte[100])));
        Assert.Null(GuestFileSystems.Open(new Volume { Kind = VolumeKind.WholeDisk, Device = new ArrayDevice(new byte[1 << 20]), DiskIndex = 0 }));
    }

    [Theory]
    [InlineData("-O encrypt")]
    [InlineData("-O casefold")]
    public void Directories_that_need_more_are_refused_where_they_are_touched(string feature)
    {
        using var image = new ExtTestImage("16M", ["-t", "ext4", .. feature.Split(' ')]);
        var flag = feature.Contains("encrypt", StringComparison.Ordinal) ? "0x80800" : "0x40080000";
        image.DebugFs("mkdir special", $"sif special flags {flag}", $"write {image.WriteFile("f", "x"u8)} f");
        using var device = new FileDevice(image.Path);
        using var fileSystem = ExtFileSystem.Open(device);
        Assert.Equal("x", fileSystem.ReadAllText("/f"));
        Assert.NotNull(fileSystem.Find("/special"));
        var e = Assert.Throws<GuestFileSystemException>(() => fileSystem.Enumerate("/special").Count());
        Assert.Equal(V2VError.FileSystemUnsupported, e.Error);
        Assert.Contains(feature[3..], e.Message, StringComparison.Ordinal);
        Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateFile("/special/f", new GuestFileAttributes()));
    }

    /// <summary>The runs of free blocks must be those that dumpe2fs lists group by group.</summary>
    private static void AssertFreeBlocksAgree(ExtTestImage image, GuestFileSystem fileSystem)
    {
        var blockSize = image.BlockSize();
        var expected = new List<(long First, long End)>();
        foreach (var line in ExternalTool.Check("dumpe2fs", image.Path).Split('\n').Where(l => l.StartsWith("  Free blocks: ", StringComparison.Ordinal)))
        {
            foreach (var range in line["  Free blocks: ".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var ends = range.Split('-').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray();
                if (expected.Count > 0 && expected[^1].End == ends[0])
                {
                    expected[^1] = (expected[^1].First, ends[^1] + 1);
                }
                else
                {
                    expected.Add((ends[0], ends[^1] + 1));
                }
            }
        }

        Assert.NotEmpty(expected);
        Assert.Equal(expected, fileSystem.FreeExtents().Select(e => (e.Offset / blockSize, e.End / blockSize)));
        Assert.Equal(expected.Sum(e => e.End - e.First) * blockSize, fileSystem.Space.FreeBytes);
    }
}
