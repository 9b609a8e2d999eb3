using V2V.Engine.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.FileSystems;

public sealed class GuestRootTests
{
    [Fact]
    public void A_relative_link_is_resolved_from_its_own_directory()
    {
        var root = Root(new MemoryFileSystem().With("/usr/lib/os-release", "ID=debian").WithLink("/etc/os-release", "../usr/lib/os-release"));

        Assert.Equal("ID=debian", root.ReadAllText("/etc/os-release"));
        Assert.Equal("/usr/lib/os-release", root.RealPath("/etc/os-release"));
    }

    [Fact]
    public void An_absolute_link_starts_at_the_guests_root()
    {
        var root = Root(new MemoryFileSystem().With("/usr/bin/sh", "elf").WithLink("/bin", "/usr/bin"));

        Assert.Equal("/usr/bin/sh", root.RealPath("/bin/sh"));
    }

    [Theory]
    [InlineData("../../../../../etc/shadow")]
    [InlineData("/../../etc/shadow")]
    [InlineData("/srv/../../etc/./shadow")]
    public void A_link_cannot_lead_out_of_the_guest(string target)
    {
        var root = Root(new MemoryFileSystem().With("/etc/shadow", "the guest's").WithDirectory("/srv").WithLink("/home/user/link", target));

        Assert.Equal("/etc/shadow", root.RealPath("/home/user/link"));
    }

    [Fact]
    public void Dot_dot_at_the_root_stays_there()
    {
        var root = Root(new MemoryFileSystem().With("/etc/fstab", "x"));

        Assert.Equal("/etc/fstab", root.RealPath("/../../etc/../etc/fstab"));
        Assert.Equal("/", root.RealPath("/.."));
    }

    [Fact]
    public void Dot_dot_after_a_link_leaves_the_links_target_as_the_kernel_does()
    {
        var root = Root(new MemoryFileSystem().With("/data/www/index", "").With("/data/note", "right").With("/var/note", "wrong")
            .WithLink("/var/www", "/data/www"));

        Assert.Equal("right", root.ReadAllText("/var/www/../note"));
    }

    [Fact]
    public void Links_that_form_a_loop_are_an_error_and_nothing_is_found()
    {
        var root = Root(new MemoryFileSystem().WithLink("/a", "b").WithLink("/b", "/a").WithLink("/self", "self/x"));

        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => root.Resolve("/a")).Error);
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => root.Resolve("/self")).Error);
        Assert.Null(root.Find("/a"));
        Assert.NotNull(root.FindNoFollow("/a"));
    }

    [Fact]
    public void Links_that_double_themselves_end_at_the_limit_without_eating_memory()
    {
        // Each link names the next one many times: 10^39 components if they were all expanded.
        var files = new MemoryFileSystem().WithDirectory("/d");
        for (var i = 0; i < 39; i++)
        {
            files.WithLink($"/d/l{i}", string.Join('/', Enumerable.Repeat($"l{i + 1}", 10)));
        }

        files.WithLink("/d/l39", ".");
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => Root(files).Resolve("/d/l0")).Error);
    }

    [Fact]
    public void A_missing_last_component_resolves_but_a_missing_directory_does_not()
    {
        var root = Root(new MemoryFileSystem().WithDirectory("/etc").With("/etc/file", ""));

        Assert.Equal("/etc/new", root.Resolve("/etc/new").GuestPath);
        Assert.Equal(V2VError.GuestPathNotFound, Assert.Throws<GuestFileSystemException>(() => root.Resolve("/no/new")).Error);
        Assert.Equal(V2VError.GuestPathNotFound, Assert.Throws<GuestFileSystemException>(() => root.Resolve("/etc/file/new")).Error);
        Assert.Null(root.Find("/no/new"));
    }

    [Fact]
    public void A_dangling_link_leads_to_where_its_file_would_be()
    {
        var root = Root(new MemoryFileSystem().WithDirectory("/run").WithLink("/etc/mtab", "../run/mtab"));

        Assert.Equal("/run/mtab", root.Resolve("/etc/mtab").GuestPath);
        Assert.Null(root.Find("/etc/mtab"));
        Assert.Equal("../run/mtab", root.TryReadLink("/etc/mtab"));
    }

    [Fact]
    public void An_empty_link_target_leads_nowhere()
    {
        var root = Root(new MemoryFileSystem().WithLink("/etc/empty", ""));

        Assert.Null(root.Find("/etc/empty"));
    }

    [Fact]
    public void Not_following_the_last_link_still_follows_those_on_the_way()
    {
        var root = Root(new MemoryFileSystem().With("/usr/lib/x", "").WithLink("/lib", "usr/lib").WithLink("/usr/lib/y", "x"));

        Assert.Equal("/usr/lib/y", root.Resolve("/lib/y", followLast: false).GuestPath);
        Assert.Equal("/usr/lib/x", root.Resolve("/lib/y").GuestPath);
    }

    [Fact]
    public void A_path_below_a_mount_point_lies_on_the_mounted_file_system()
    {
        var main = new MemoryFileSystem().With("/boot/hidden", "below the mount").WithLink("/vmlinuz", "boot/vmlinuz-1").With("/bootstrap", "b");
        var boot = new MemoryFileSystem().With("/vmlinuz-1", "kernel");
        var efi = new MemoryFileSystem("vfat").With("/EFI/BOOT/BOOTX64.EFI", "shim");
        var root = new GuestRoot([Mount("/", main), Mount("/boot", boot), Mount("/boot/efi", efi)]);

        var at = root.Resolve("/vmlinuz");
        Assert.Same(boot, at.FileSystem);
        Assert.Equal("/vmlinuz-1", at.Path);
        Assert.Equal("/boot/vmlinuz-1", at.GuestPath);
        Assert.Null(root.Find("/boot/hidden"));
        Assert.True(root.FileExists("/boot/efi/EFI/BOOT/BOOTX64.EFI"));
        Assert.True(root.DirectoryExists("/boot/efi"));
        Assert.Equal("b", root.ReadAllText("/boot/efi/../../bootstrap"));
    }

    [Fact]
    public void A_link_on_one_mount_can_lead_to_another()
    {
        var root = new GuestRoot(
        [
            Mount("/", new MemoryFileSystem().With("/etc/x", "found")),
            Mount("/srv", new MemoryFileSystem().WithLink("/up", "../etc/x").WithLink("/abs", "/etc/x")),
        ]);

        Assert.Equal("found", root.ReadAllText("/srv/up"));
        Assert.Equal("found", root.ReadAllText("/srv/abs"));
    }

    [Fact]
    public void A_mount_point_may_be_written_with_a_trailing_slash()
    {
        var root = new GuestRoot([Mount("/", new MemoryFileSystem()), Mount("/boot/", new MemoryFileSystem().With("/a", "1"))]);

        Assert.Equal("1", root.ReadAllText("/boot/a"));
    }

    [Fact]
    public void Entries_come_sorted_and_a_missing_directory_has_none()
    {
        var root = Root(new MemoryFileSystem().With("/etc/b", "").With("/etc/a", "").WithLink("/conf", "etc"));

        Assert.Equal(["a", "b"], root.Enumerate("/conf").Select(e => e.Name));
        Assert.Empty(root.Enumerate("/none"));
        Assert.Empty(root.Enumerate("/etc/a"));
    }

    [Fact]
    public void A_tree_without_a_root_is_refused() =>
        Assert.Throws<ArgumentException>(() => new GuestRoot([Mount("/boot", new MemoryFileSystem())]));

    [Fact]
    public void A_name_in_another_encoding_survives()
    {
        var name = "/etc/" + GuestText.Decode([0x66, 0xFC, 0x72]);
        var root = Root(new MemoryFileSystem().With(name, [0xE9, 0x0A]));

        Assert.Equal([0xE9, 0x0A], GuestText.Encode(root.ReadAllText(name)));
        Assert.Equal([0x66, 0xFC, 0x72], GuestText.Encode(root.Enumerate("/etc")[0].Name));
    }

    private static GuestRoot Root(MemoryFileSystem files) => new([Mount("/", files)]);

    private static GuestMount Mount(string at, GuestFileSystem files) => new(at, files, MemoryVolume.Partition(0, 1));
}
