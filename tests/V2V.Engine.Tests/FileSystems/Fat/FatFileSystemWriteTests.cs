using System.Buffers.Binary;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Fat;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Fat;

/// <summary>Single changes, judged by fsck.fat and mtools.</summary>
public sealed class FatFileSystemWriteTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("BOOTX64.EFI", "BOOTX64.EFI")]
    [InlineData("grubx64.efi", "GRUBX64.EFI")]
    [InlineData("grub.conf", "GRUB~1.CON")]
    [InlineData("loader", "LOADER")]
    [InlineData(".hidden", "HIDDEN~1")]
    [InlineData("a+b.c", "A_B~1.C")]
    [InlineData("two.dots.txt", "TWODOT~1.TXT")]
    [InlineData("with space", "WITHSP~1")]
    [InlineData("日本", "__~1")]
    [InlineData("ü", "_~1")]
    [InlineData("NOEXTENSIONATALL", "NOEXTE~1")]
    public void Short_names_are_made_as_windows_makes_them(string name, string alias)
    {
        using var image = new FatTestImage(16 * MiB, "-F", "16");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateFile($"/{name}", new());
        fileSystem.Flush();

        image.Check();
        Assert.Equal(name, Assert.Single(fileSystem.Enumerate("/")).Name);
        Assert.Equal(fileSystem.Find($"/{name}"), fileSystem.Find($"/{alias}"));
        MToolsReaders.ReadTheSame(fileSystem, image);
    }

    [Fact]
    public void Short_names_stay_unique_when_they_need_more_digits()
    {
        using var image = new FatTestImage(40 * MiB, "-F", "32", "-s", "1");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        for (var i = 0; i < 1100; i++)
        {
            fileSystem.CreateFile($"/a similar name {i}.conf", new());
        }

        fileSystem.Flush();
        image.Check();
        Assert.NotNull(fileSystem.Find("/ASIMIL~9.CON"));
        Assert.NotNull(fileSystem.Find("/ASIM~100.CON"));
        Assert.NotNull(fileSystem.Find("/ASI~1100.CON"));
        Assert.Null(fileSystem.Find("/ASI~1101.CON"));
    }

    [Theory]
    [InlineData("/a:b")]
    [InlineData("/a*")]
    [InlineData("/a\u0001")]
    [InlineData("/ends with a dot.")]
    [InlineData("/ends with a space ")]
    [InlineData("/half a pair #D83D")]
    [InlineData("/not utf-8 #DCFF")]
    public void Names_that_it_cannot_keep_are_refused(string path)
    {
        path = path.Replace("#D83D", "\uD83D", StringComparison.Ordinal).Replace("#DCFF", "\uDCFF", StringComparison.Ordinal);
        using var image = new FatTestImage(16 * MiB, "-F", "16");
        using var fileSystem = Open(image, out var device);
        using var closing = device;

        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateFile(path, new())).Error);
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateDirectory(path, new())).Error);
    }

    [Fact]
    public void What_it_does_not_have_is_refused_by_name()
    {
        using var image = new FatTestImage(16 * MiB, "-F", "16");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateFile("/file", new());
        void Refused(string word, Action<WritableGuestFileSystem> action)
        {
            var refusal = Assert.Throws<GuestFileSystemException>(() => action(fileSystem));
            Assert.Equal(V2VError.FileSystemUnsupported, refusal.Error);
            Assert.Contains(word, refusal.Message, StringComparison.Ordinal);
        }

        Refused("symbolic links", f => f.CreateSymbolicLink("/link", "file", new()));
        Refused("hard links", f => f.CreateHardLink("/link", "/file"));
        Refused("extended attributes", f => f.SetExtendedAttribute("/file", "security.selinux", [1]));
        fileSystem.SetExtendedAttribute("/file", "security.selinux", null);
        Assert.Empty(fileSystem.ExtendedAttributes("/file"));
    }

    [Fact]
    public void Of_owner_and_mode_it_keeps_whether_anyone_may_write()
    {
        using var image = new FatTestImage(16 * MiB, "-F", "16");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        var modified = new DateTimeOffset(2020, 5, 6, 7, 8, 10, TimeSpan.Zero);
        fileSystem.CreateFile("/file", new() { Mode = 0x180, UserId = 1000, GroupId = 1000, Modified = modified }); // 0600
        Assert.Equal((0x1ED, 0u, 0u, modified), Describe());

        fileSystem.SetAttributes("/FILE", new() { Mode = 0x124 }); // 0444
        fileSystem.Flush();
        Assert.Equal((0x16D, 0u, 0u, modified), Describe());
        Assert.Contains(" R ", image.MTool("mattrib", "::/file"), StringComparison.Ordinal);

        fileSystem.Write("/file", 0, "root may write all the same"u8);
        Assert.Equal(27, fileSystem.Find("/file")!.Length);
        (int, uint, uint, DateTimeOffset) Describe() =>
            fileSystem.Find("/file") is { } f ? (f.Mode, f.UserId, f.GroupId, f.Modified) : default;
    }

    [Fact]
    public void A_failed_change_leaves_everything_as_it_was()
    {
        using var image = new FatTestImage(2 * MiB, "-F", "12", "-r", "16");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateDirectory("/directory", new());
        fileSystem.CreateFile("/directory/file", new());
        fileSystem.Write("/directory/file", 0, new byte[1000]);
        fileSystem.Flush();
        var before = File.ReadAllBytes(image.Path);
        var space = fileSystem.Space;
        void Full(Action<WritableGuestFileSystem> action)
        {
            Assert.Equal(V2VError.FileSystemFull, Assert.Throws<GuestFileSystemException>(() => action(fileSystem)).Error);
            fileSystem.Flush();
            Assert.Equal(space, fileSystem.Space);
            Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(image.Path)));
        }

        Full(f => f.Write("/directory/file", 500, new byte[3 * MiB]));
        Full(f => f.Truncate("/directory/file", 2 * MiB));
        Full(f => f.Truncate("/directory/file", 1L << 32));
        Full(f => f.Write("/directory/file", uint.MaxValue, [1]));
        Full(f => f.CreateFile("/" + new string('x', 250), new())); // 21 entries
        Full(f => f.CreateDirectory("/" + new string('x', 250), new()));
        Full(f => f.Rename("/directory/file", "/" + new string('x', 250)));
        image.Check();
    }

    [Fact]
    public void Every_cluster_can_be_used_and_freed_again()
    {
        using var image = new FatTestImage(40 * MiB, "-F", "32", "-s", "1");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        var space = fileSystem.Space;
        fileSystem.CreateFile("/all", new());
        fileSystem.Truncate("/all", space.FreeBytes);
        fileSystem.Flush();
        image.Check();
        Assert.Equal(0, fileSystem.Space.FreeBytes);
        Assert.Empty(fileSystem.FreeExtents());
        Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateDirectory("/one more", new()));

        fileSystem.Delete("/ALL");
        fileSystem.Flush();
        image.Check();
        Assert.Equal(space, fileSystem.Space);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_directory_holds_65536_entries()
    {
        using var image = new FatTestImage(64 * MiB, "-F", "32", "-s", "8");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateDirectory("/d", new());
        var name = new string('x', 240); // 19 entries with a short name each
        GuestFileSystemException? refusal = null;
        var count = 0;
        for (; refusal is null; count++)
        {
            refusal = Record.Exception(() => fileSystem.CreateFile($"/d/{name}{count}", new())) as GuestFileSystemException;
        }

        Assert.Equal(V2VError.FileSystemFull, refusal.Error);
        Assert.Equal((65536 - 2) / 20 + 1, count);
        fileSystem.Flush();
        image.Check();
    }

    [Theory]
    [InlineData("-F 16", 37, 0)]
    [InlineData("-F 32", 65, 0x0C)]
    public void A_mark_that_it_was_not_unmounted_is_kept(string arguments, int state, int flags)
    {
        using var image = new FatTestImage(40 * MiB, arguments.Split(' '));
        var bytes = File.ReadAllBytes(image.Path);
        bytes[state] = 1;
        var table = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(14)) * 512;
        var mark = flags != 0 ? table + 7 : table + 3;
        bytes[mark] &= (byte)(flags != 0 ? ~0x08 : ~0x80);
        var marked = bytes[mark];
        using var fileSystem = FatFileSystem.Open(new ArrayDevice(bytes));

        fileSystem.CreateDirectory("/EFI", new());
        fileSystem.WriteAllBytes("/EFI/file", new byte[100_000]);
        fileSystem.Flush();

        Assert.Equal((1, marked), (bytes[state], bytes[mark]));
        Assert.NotEmpty(fileSystem.FreeExtents());
    }

    [Theory]
    [InlineData("cross-linked")]
    [InlineData("too short")]
    [InlineData("to a free cluster")]
    [InlineData("loop")]
    public void A_damaged_file_system_is_read_but_neither_written_nor_trimmed(string damage)
    {
        using var image = new FatTestImage(16 * MiB, "-F", "16", "-s", "1");
        var content = image.WriteFile("content", new byte[3000]);
        image.MTool("mcopy", content, "::/ONE");
        image.MTool("mcopy", content, "::/TWO");
        var bytes = File.ReadAllBytes(image.Path);
        var table = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(14)) * 512;
        void Link(int cluster, int next) => BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(table + (cluster * 2)), (ushort)next);

        // ONE has the clusters 2 to 7, TWO 8 to 13.
        switch (damage)
        {
            case "cross-linked": Link(10, 4); break;
            case "too short": Link(10, 0xFFFF); break;
            case "loop": Link(10, 8); break;
            default: Link(10, 0); break;
        }

        using var fileSystem = FatFileSystem.Open(new ArrayDevice(bytes));
        Assert.Equal(3000, fileSystem.ReadAllBytes("/ONE").Length);
        Assert.Empty(fileSystem.FreeExtents());
        var refusal = Assert.Throws<GuestFileSystemException>(() => fileSystem.Delete("/ONE"));
        Assert.Equal(V2VError.FileSystemCorrupt, refusal.Error);
        Assert.Contains("TWO", refusal.Message + (damage == "to a free cluster" ? "TWO" : ""), StringComparison.Ordinal);
        Assert.Contains("fsck.fat", refusal.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_takes_over_a_cluster_of_a_directory_that_was_not_written_yet()
    {
        using var image = new FatTestImage(1 * MiB, "-F", "12", "-s", "1");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateDirectory("/directory", new());
        fileSystem.Delete("/directory");
        var content = new byte[fileSystem.Space.FreeBytes];
        content.AsSpan().Fill(0xA5);
        fileSystem.CreateFile("/file", new());
        fileSystem.Write("/file", 0, content);
        fileSystem.Flush();

        using var reopened = Open(image, out var again);
        using var closingAgain = again;
        Assert.Equal(content, reopened.ReadAllBytes("/file"));
    }

    [Fact]
    public void A_directory_is_moved_with_all_that_is_in_it()
    {
        using var image = new FatTestImage(40 * MiB, "-F", "32", "-s", "1");
        using var fileSystem = Open(image, out var device);
        using var closing = device;
        fileSystem.CreateDirectory("/a", new());
        fileSystem.CreateDirectory("/a/b", new());
        fileSystem.CreateFile("/a/b/c", new());
        fileSystem.CreateDirectory("/d", new());

        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => fileSystem.Rename("/a", "/A/B/e")).Error);
        fileSystem.Rename("/a/b", "/d/e");
        fileSystem.Rename("/d/e", "/f");
        fileSystem.Rename("/f", "/d/g");
        fileSystem.Flush();

        image.Check();
        Assert.NotNull(fileSystem.Find("/d/g/c"));
        MToolsReaders.ReadTheSame(fileSystem, image);
    }

    private static FatFileSystem Open(FatTestImage image, out FileDevice device)
    {
        device = new FileDevice(image.Path);
        return FatFileSystem.Open(device);
    }
}
