using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>What the engine writes is judged by e2fsck and, where images can be mounted, by the kernel.</summary>
public class ExtFileSystemWriteTests
{
    public static TheoryData<string> Formats { get; } =
    [
        "-t ext4 -b 4096",
        "-t ext4 -b 1024",
        "-t ext4 -b 1024 -O ^metadata_csum,^64bit",
        "-t ext4 -b 4096 -O ^metadata_csum,uninit_bg",
        "-t ext4 -b 2048 -O ^metadata_csum,^uninit_bg,^64bit,^flex_bg",
        "-t ext4 -b 1024 -O ^dir_index",
        "-t ext4 -b 1024 -O inline_data",
        "-t ext4 -b 4096 -O inline_data,^metadata_csum -I 512",
        "-t ext4 -b 1024 -O ^extents,^64bit",
        "-t ext4 -b 4096 -O meta_bg,^resize_inode",
        "-t ext4 -b 1024 -O large_dir,metadata_csum_seed",
        "-t ext4 -b 1024 -O sparse_super2,orphan_file",
        "-t ext4 -b 65536",
        "-t ext4 -b 1024 -I 128 -O ^metadata_csum",
        "-t ext4 -b 1024 -I 1024",
        "-t ext4 -b 4096 -O mmp",
        "-t ext4 -b 1024 -O fast_commit,verity,stable_inodes,project",
        "-t ext3 -b 1024",
        "-t ext3 -b 4096",
        "-t ext2 -b 1024",
        "-t ext2 -b 4096 -O ^filetype",
        "-t ext2 -b 1024 -r 0",
        "-t ext4 -b 1024 -E hash_seed=6e2a5d0e-0d63-4d9e-8f86-0d7f3f3f3b11",
    ];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Random_operations_leave_a_file_system_that_e2fsck_and_a_fresh_reader_find_right(string format)
    {
        using var image = new ExtTestImage(format.Contains("65536", StringComparison.Ordinal) ? "128M" : "48M", format.Split(' '));
        var random = new Random(format.Length * 7919);
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        var model = new FileSystemModel(fileSystem, random);
        for (var round = 0; round < 4; round++)
        {
            for (var step = 0; step < 250; step++)
            {
                model.Step();
            }

            model.AssertSame(fileSystem);
            fileSystem.Flush();
            Judge(image);
            fileSystem = ExtFileSystem.Open(device);
            model.AssertSame(fileSystem);
            model.Reopen(fileSystem);
        }
    }

    [Theory]
    [InlineData("-t ext4 -b 4096")]
    [InlineData("-t ext4 -b 1024")]
    [InlineData("-t ext4 -b 1024 -O ^metadata_csum,large_dir")]
    [InlineData("-t ext3 -b 1024")]
    public void A_directory_of_many_entries_keeps_a_valid_hash_tree(string format)
    {
        const int count = 20_000;
        using var image = new ExtTestImage("64M", [.. format.Split(' '), "-N", "24000"]);
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        fileSystem.CreateDirectory("/many", new GuestFileAttributes());
        for (var i = 0; i < count; i++)
        {
            fileSystem.CreateFile($"/many/{i:x}-name-of-a-file-in-a-large-directory", new GuestFileAttributes());
        }

        for (var i = 0; i < count; i += 5)
        {
            fileSystem.Delete($"/many/{i:x}-name-of-a-file-in-a-large-directory");
        }

        fileSystem.Flush();
        Judge(image);
        Assert.Contains("Hash Version", image.DebugFs("htree_dump /many"), StringComparison.Ordinal);

        var expected = Enumerable.Range(0, count).Where(i => i % 5 != 0).Select(i => $"{i:x}-name-of-a-file-in-a-large-directory").Order(StringComparer.Ordinal).ToArray();
        var again = ExtFileSystem.Open(device);
        Assert.Equal(expected, again.Enumerate("/many").Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.All(expected.Where((_, i) => i % 37 == 0), name => Assert.NotNull(again.Find("/many/" + name)));
        Assert.Null(again.Find("/many/0-name-of-a-file-in-a-large-directory"));

        if (Environment.UserName == "root")
        {
            // The kernel finds names by hash, and may go on working in the directory.
            image.Mount();
            Assert.Equal(expected, Directory.EnumerateFiles(Path.Combine(image.MountPoint, "many")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
            Assert.All(expected, name => Assert.True(File.Exists(Path.Combine(image.MountPoint, "many", name)), name));
            for (var i = 0; i < 3000; i++)
            {
                File.WriteAllText(Path.Combine(image.MountPoint, "many", $"{i}-kernel"), "");
            }

            image.Unmount();
            Judge(image);
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("-O large_dir", true)]
    [InlineData("-O ^large_dir", false)]
    public void An_index_that_is_full_gets_a_third_level_or_refuses(string format, bool grows)
    {
        using var image = new ExtTestImage("128M", ["-t", "ext4", "-b", "1024", .. format.Split(' ')]);
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        fileSystem.CreateDirectory("/many", new GuestFileAttributes());
        fileSystem.CreateFile("/file", new GuestFileAttributes());

        // Names of which three fill a block, all of one file.
        static string Path(int i) => "/many/" + i.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(250, 'x');
        GuestFileSystemException? refusal = null;
        var count = 0;
        while (count < 45_000 && refusal is null)
        {
            try
            {
                fileSystem.CreateHardLink(Path(count), "/file");
                count++;
            }
            catch (GuestFileSystemException e)
            {
                refusal = e;
            }
        }

        fileSystem.Flush();
        Judge(image);
        Assert.Equal(grows ? null : V2VError.FileSystemFull, refusal?.Error);
        Assert.Contains(grows ? "Indirect levels: 2" : "Indirect levels: 1", image.DebugFs("htree_dump /many"), StringComparison.Ordinal);
        var again = ExtFileSystem.Open(device);
        Assert.Equal(count, again.Enumerate("/many").Count());
        Assert.All(Enumerable.Range(0, count), i => Assert.NotNull(again.Find(Path(i))));
        Assert.Null(again.Find(Path(count)));
    }

    [Theory]
    [InlineData("-t ext4 -b 1024")]
    [InlineData("-t ext4 -b 1024 -O ^metadata_csum")]
    [InlineData("-t ext3 -b 1024")]
    [InlineData("-t ext4 -b 4096")]
    public void A_badly_fragmented_file_grows_and_shrinks_through_a_deep_tree(string format)
    {
        const int blocks = 6000;
        using var image = new ExtTestImage("96M", format.Split(' '));
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        var blockSize = image.BlockSize();
        var random = new Random(4711);
        fileSystem.CreateFile("/fragmented", new GuestFileAttributes());
        var content = new byte[blocks * 2 * blockSize];
        var order = Enumerable.Range(0, blocks).ToArray();
        random.Shuffle(order);
        foreach (var i in order)
        {
            var data = content.AsSpan(i * 2 * blockSize, blockSize);
            random.NextBytes(data);
            fileSystem.Write("/fragmented", (long)i * 2 * blockSize, data);
        }

        fileSystem.Truncate("/fragmented", content.Length);
        fileSystem.Flush();
        Judge(image);
        Assert.True(content.AsSpan().SequenceEqual(ExtFileSystem.Open(device).ReadAllBytes("/fragmented")));

        foreach (var i in order.Take(blocks / 2))
        {
            var data = content.AsSpan(((i * 2) + 1) * blockSize, blockSize);
            random.NextBytes(data);
            fileSystem.Write("/fragmented", ((long)(i * 2) + 1) * blockSize, data);
        }

        fileSystem.Flush();
        Judge(image);
        Assert.True(content.AsSpan().SequenceEqual(ExtFileSystem.Open(device).ReadAllBytes("/fragmented")));

        for (var length = content.Length; length > 0; length = length * 2 / 3)
        {
            fileSystem.Truncate("/fragmented", length);
            fileSystem.Flush();
            Judge(image);
            Assert.True(content.AsSpan(0, length).SequenceEqual(fileSystem.ReadAllBytes("/fragmented")));
            length = length < 3000 ? 0 : length;
        }

        fileSystem.Delete("/fragmented");
        fileSystem.Flush();
        Judge(image);
    }

    [Fact]
    public void Writing_into_preallocated_blocks_turns_only_those_into_data()
    {
        using var image = new ExtTestImage("32M", "-t", "ext4", "-b", "1024");
        image.DebugFs("write /dev/null preallocated", "fallocate preallocated 0 999", "sif preallocated size 1024000");
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        var content = new byte[1_024_000];
        Assert.Equal(content, fileSystem.ReadAllBytes("/preallocated"));
        var random = new Random(5);
        for (var i = 0; i < 60; i++)
        {
            var data = new byte[random.Next(1, 3000)];
            random.NextBytes(data);
            var offset = random.Next(content.Length - data.Length);
            data.CopyTo(content, offset);
            fileSystem.Write("/preallocated", offset, data);
        }

        fileSystem.Flush();
        Judge(image);
        Assert.Equal(content, ExtFileSystem.Open(device).ReadAllBytes("/preallocated"));
        Assert.Contains("[u]", image.DebugFs("stat preallocated"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-t ext4 -b 1024")]
    [InlineData("-t ext4 -b 1024 -O inline_data")]
    [InlineData("-t ext2 -b 1024")]
    public void A_full_file_system_refuses_and_stays_as_it_was(string format)
    {
        using var image = new ExtTestImage("3M", [.. format.Split(' '), "-N", "64"]);
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        fileSystem.CreateDirectory("/d", new GuestFileAttributes());
        fileSystem.CreateFile("/small", new GuestFileAttributes());
        fileSystem.Write("/small", 0, "kept"u8);
        fileSystem.CreateFile("/big", new GuestFileAttributes());
        var chunk = new byte[8192];
        for (var offset = 0L; fileSystem.Space.FreeBytes > chunk.Length * 2; offset += chunk.Length)
        {
            fileSystem.Write("/big", offset, chunk);
        }

        void Fails(Action operation)
        {
            fileSystem.Flush();
            var before = File.ReadAllBytes(image.Path);
            var e = Assert.Throws<GuestFileSystemException>(operation);
            Assert.Equal(V2VError.FileSystemFull, e.Error);
            Assert.NotNull(e.Advice);
            fileSystem.Flush();

            // Only the superblock's time of writing may differ.
            Array.Clear(before, 0, 2048);
            var after = File.ReadAllBytes(image.Path);
            Array.Clear(after, 0, 2048);
            Assert.True(before.AsSpan().SequenceEqual(after));
            Judge(image);
        }

        Fails(() => fileSystem.Write("/small", 0, new byte[200_000]));
        for (var offset = fileSystem.Find("/big")!.Length; fileSystem.Space.FreeBytes > 0; offset += 1024)
        {
            fileSystem.Write("/big", offset, chunk.AsSpan(0, 1024));
        }

        Fails(() => fileSystem.CreateDirectory("/none", new GuestFileAttributes()));
        Fails(() => fileSystem.CreateSymbolicLink("/none", new string('x', 300), new GuestFileAttributes()));
        Fails(() => fileSystem.SetExtendedAttribute("/small", "user.large", new byte[700]));
        Fails(() => fileSystem.Write("/small", 5000, "more"u8));
        for (var i = 0; fileSystem.Space.FreeInodes > 0; i++)
        {
            fileSystem.CreateFile($"/{i}", new GuestFileAttributes());
        }

        Fails(() => fileSystem.CreateFile("/none", new GuestFileAttributes()));
        Assert.Equal("kept", fileSystem.ReadAllText("/small"));
        fileSystem.Delete("/big");
        fileSystem.Write("/small", 0, new byte[200_000]);
        fileSystem.Flush();
        Judge(image);
    }

    [Fact]
    public void Shared_attribute_blocks_are_copied_before_they_change()
    {
        using var image = new ExtTestImage("16M", "-t", "ext4", "-b", "1024", "-I", "128", "-O", "^metadata_csum");
        ExternalTool.NeedRoot();
        image.Mount();
        var value = new string('v', 200);
        foreach (var name in new[] { "a", "b", "c" })
        {
            var path = Path.Combine(image.MountPoint, name);
            File.WriteAllText(path, "x");
            ExternalTool.Check("python3", "-c", $"import os; os.setxattr('{path}', 'user.shared', b'{value}')");
        }

        image.Unmount();
        Assert.Contains("Refcount: 3", image.DebugFs("stat a", "ea_get a user.shared") + Refcount(image), StringComparison.OrdinalIgnoreCase);
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        fileSystem.SetExtendedAttribute("/a", "user.other", [1, 2, 3]);
        fileSystem.Delete("/b");
        fileSystem.Flush();
        Judge(image);
        Assert.Equal(["user.other", "user.shared"], fileSystem.ExtendedAttributes("/a").Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["user.shared"], fileSystem.ExtendedAttributes("/c").Keys);
        fileSystem.SetExtendedAttribute("/c", "user.shared", null);
        fileSystem.Flush();
        Judge(image);
        Assert.Empty(fileSystem.ExtendedAttributes("/c"));
    }

    [Theory]
    [InlineData("-t ext4 -b 1024")]
    [InlineData("-t ext4 -b 1024 -I 128 -O ^metadata_csum")]
    public void Access_control_lists_have_the_kernels_form(string format)
    {
        // user::rw-, user:1000:r--, group::r--, mask::rwx, other::---
        byte[] acl =
        [
            2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xE8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255,
            16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
        ];
        const string name = "system.posix_acl_access";
        ExternalTool.NeedRoot();
        using var image = new ExtTestImage("16M", format.Split(' '));
        using (var device = new FileDevice(image.Path))
        {
            var fileSystem = ExtFileSystem.Open(device);
            fileSystem.CreateFile("/ours", new GuestFileAttributes());
            fileSystem.SetExtendedAttribute("/ours", name, acl);
            Assert.Throws<GuestFileSystemException>(() => fileSystem.SetExtendedAttribute("/ours", name, [1, 2, 3]));
            fileSystem.Flush();
        }

        Judge(image);
        image.Mount();
        var hex = Convert.ToHexStringLower(acl);
        var shown = ExternalTool.Check(
            "python3", "-c",
            $"import os; os.chdir('{image.MountPoint}'); print(os.getxattr('ours', '{name}').hex()); open('theirs', 'w'); "
            + $"os.setxattr('theirs', '{name}', bytes.fromhex('{hex}'))");
        Assert.Equal(hex, shown.Trim());
        image.Unmount();
        using var again = new FileDevice(image.Path);
        Assert.Equal(acl, ExtFileSystem.Open(again).ExtendedAttributes("/theirs")[name]);
    }

    [Fact]
    public void Operations_on_wrong_paths_are_refused_by_name()
    {
        using var image = new ExtTestImage("8M", "-t", "ext4");
        using var device = new FileDevice(image.Path);
        var fileSystem = ExtFileSystem.Open(device);
        var none = new GuestFileAttributes();
        fileSystem.CreateDirectory("/d", none);
        fileSystem.CreateFile("/d/f", none);
        fileSystem.CreateDirectory("/d/e", none);

        void Fails(V2VError error, Action operation) => Assert.Equal(error, Assert.Throws<GuestFileSystemException>(operation).Error);

        Fails(V2VError.GuestPathExists, () => fileSystem.CreateFile("/d/f", none));
        Fails(V2VError.GuestPathExists, () => fileSystem.CreateDirectory("/", none));
        Fails(V2VError.GuestPathNotFound, () => fileSystem.CreateFile("/no/f", none));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.CreateFile("/d/f/g", none));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.CreateFile("/" + new string('n', 256), none));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.CreateFile("relative", none));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.CreateFile("/d/../x", none));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Write("/d", 0, [1]));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Rename("/d", "/d/e/d"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Rename("/d/f", "/d/e"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Rename("/d/e", "/d/f"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Rename("/lost+found", "/d"));
        Fails(V2VError.GuestPathNotFound, () => fileSystem.Rename("/no", "/d/x"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Delete("/d"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.Delete("/"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.CreateHardLink("/x", "/d"));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.SetExtendedAttribute("/d", "nonsense", [1]));
        Fails(V2VError.GuestPathInvalid, () => fileSystem.ReadLink("/d/f"));
        Assert.Null(fileSystem.Find("/d/f/g"));
        fileSystem.Flush();
        Judge(image);
    }

    [Theory]
    [InlineData("-t ext4 -b 1024 -O quota", "Quota")]
    [InlineData("-t ext4 -b 1024 -O bigalloc", "Bigalloc")]
    public void A_feature_that_is_not_understood_is_named_before_anything_is_written(string format, string feature)
    {
        using var image = new ExtTestImage("16M", format.Split(' '));
        var before = File.ReadAllBytes(image.Path);
        using (var device = new FileDevice(image.Path))
        {
            var fileSystem = ExtFileSystem.Open(device);
            Assert.NotNull(fileSystem.Find("/lost+found"));
            Assert.Empty(fileSystem.FreeExtents());
            var e = Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateFile("/f", new GuestFileAttributes()));
            Assert.Equal(V2VError.FileSystemUnsupported, e.Error);
            Assert.Contains(feature, e.Message, StringComparison.Ordinal);
            fileSystem.Flush();
        }

        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(image.Path)));
    }

    private static string Refcount(ExtTestImage image)
    {
        var acl = System.Text.RegularExpressions.Regex.Match(image.DebugFs("stat a"), @"File ACL: (\d+)").Groups[1].Value;
        var bytes = File.ReadAllBytes(image.Path);
        var block = int.Parse(acl, System.Globalization.CultureInfo.InvariantCulture);
        return $"Refcount: {BitConverter.ToUInt32(bytes, (block * 1024) + 4)}";
    }

    private static void Judge(ExtTestImage image)
    {
        var (exitCode, output) = ExternalTool.Run("e2fsck", "-fn", image.Path);
        Assert.True(exitCode == 0, output);
    }
}
