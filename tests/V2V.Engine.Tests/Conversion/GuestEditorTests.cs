using V2V.Engine.Conversion;
using V2V.Engine.FileSystems;
using V2V.Engine.Tests.FileSystems;
using Xunit;

namespace V2V.Engine.Tests.Conversion;

public sealed class GuestEditorTests : IDisposable
{
    private readonly MemoryFileSystem _files = new();
    private readonly List<ConversionChange> _changes = [];

    private GuestEditor Editor => new(new GuestRoot([new GuestMount("/", _files, MemoryVolume.Partition(0, 1))]), _changes);

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_new_file_gets_its_directories_mode_and_the_label_of_its_directory()
    {
        _files.WithDirectory("/etc").SetExtendedAttribute("/etc", "security.selinux", "etc_t\0"u8.ToArray());

        Editor.WriteAllText("/etc/systemd/network/10-a.link", "[Match]\n", "pins", "because", mode: 0x180);

        var file = _files.Find("/etc/systemd/network/10-a.link")!;
        Assert.Equal((0x180, 0u, 0u), (file.Mode, file.UserId, file.GroupId));
        Assert.Equal("[Match]\n", _files.Text("/etc/systemd/network/10-a.link"));
        Assert.Equal("etc_t\0"u8.ToArray(), _files.ExtendedAttributes("/etc/systemd/network/10-a.link")["security.selinux"]);
        Assert.Equal("etc_t\0"u8.ToArray(), _files.ExtendedAttributes("/etc/systemd/network")["security.selinux"]);
        Assert.Equal(
            ["/etc/systemd", "/etc/systemd/network", "/etc/systemd/network/10-a.link"],
            _changes.Where(c => c.Kind == ChangeKind.Created).Select(c => c.Path));
    }

    [Fact]
    public void A_changed_file_keeps_inode_owner_mode_and_attributes()
    {
        _files.With("/etc/fstab", "old and longer");
        _files.SetAttributes("/etc/fstab", new GuestFileAttributes { Mode = 0x1B4, UserId = 7, GroupId = 8 });
        _files.SetExtendedAttribute("/etc/fstab", "security.selinux", [1]);
        var before = _files.Find("/etc/fstab")!;

        Editor.WriteAllText("/etc/fstab", "new", "w", "y");

        Assert.Equal(before with { Length = 3 }, _files.Find("/etc/fstab"));
        Assert.Equal("new", _files.Text("/etc/fstab"));
        Assert.Equal([1], _files.ExtendedAttributes("/etc/fstab")["security.selinux"]);
        var change = Assert.Single(_changes);
        Assert.Equal((ChangeKind.Modified, "/etc/fstab", "w", "y"), (change.Kind, change.Path, change.What, change.Why));
    }

    [Fact]
    public void Writing_what_is_there_already_changes_and_records_nothing()
    {
        _files.With("/etc/a", "same").WithLink("/etc/l", "a");

        Editor.WriteAllText("/etc/a", "same", "w", "y");
        Editor.Replace("/etc/a", "same"u8, "w", "y");
        Editor.CreateSymbolicLink("/etc/l", "a", "w", "y");
        Editor.Delete("/etc/none", "y");
        Editor.CreateDirectories("/etc", "y");

        Assert.Empty(_changes);
    }

    [Fact]
    public void Writing_through_a_link_changes_its_target_and_records_the_real_path()
    {
        _files.With("/lib/conf", "1").WithLink("/etc/conf", "../lib/conf");

        Editor.WriteAllText("/etc/conf", "2", "w", "y");

        Assert.Equal("2", _files.Text("/lib/conf"));
        Assert.Equal("/lib/conf", Assert.Single(_changes).Path);
        Assert.Equal(GuestFileType.SymbolicLink, _files.Find("/etc/conf")!.Type);
    }

    [Fact]
    public void Writing_through_a_dangling_link_creates_its_target()
    {
        _files.WithLink("/etc/conf", "/var/lib/new/conf").WithDirectory("/var/lib");

        Editor.WriteAllText("/etc/conf", "2", "w", "y");

        Assert.Equal("2", _files.Text("/var/lib/new/conf"));
    }

    [Fact]
    public void Replacing_leaves_other_names_of_the_old_file_alone()
    {
        _files.With("/boot/initrd", "old");
        _files.SetAttributes("/boot/initrd", new GuestFileAttributes { Mode = 0x180, UserId = 3 });
        _files.SetExtendedAttribute("/boot/initrd", "user.a", [9]);
        _files.CreateHardLink("/boot/initrd.twin", "/boot/initrd");

        Editor.Replace("/boot/initrd", "new"u8, "w", "y");

        Assert.Equal("new", _files.Text("/boot/initrd"));
        Assert.Equal("old", _files.Text("/boot/initrd.twin"));
        Assert.Equal((0x180, 3u), (_files.Find("/boot/initrd")!.Mode, _files.Find("/boot/initrd")!.UserId));
        Assert.Equal([9], _files.ExtendedAttributes("/boot/initrd")["user.a"]);
        Assert.Equal(["initrd", "initrd.twin"], _files.Enumerate("/boot").Select(e => e.Name).Order());
    }

    [Fact]
    public void A_replacement_that_does_not_fit_leaves_the_old_file_and_nothing_else()
    {
        _files.With("/boot/initrd", "old").Capacity = 10;

        Assert.Equal(
            V2VError.FileSystemFull,
            Assert.Throws<GuestFileSystemException>(() => Editor.Replace("/boot/initrd", new byte[20], "w", "y")).Error);

        Assert.Equal("old", _files.Text("/boot/initrd"));
        Assert.Equal("initrd", Assert.Single(_files.Enumerate("/boot")).Name);
        Assert.Empty(_changes);
    }

    [Fact]
    public void Replacing_through_a_link_keeps_the_link()
    {
        _files.With("/boot/initrd-1", "old").WithLink("/initrd", "boot/initrd-1");

        Editor.Replace("/initrd", "new"u8, "w", "y");

        Assert.Equal("new", _files.Text("/boot/initrd-1"));
        Assert.True(_files.Find("/initrd")!.IsSymbolicLink);
    }

    [Fact]
    public void A_link_replaces_a_link_but_never_a_directory()
    {
        _files.WithLink("/etc/unit", "/lib/unit").With("/etc/unit.d/x", "");

        Editor.CreateSymbolicLink("/etc/unit", "/dev/null", "w", "y");

        Assert.Equal("/dev/null", _files.ReadLink("/etc/unit"));
        Assert.Equal(ChangeKind.Modified, Assert.Single(_changes).Kind);
        Assert.Throws<GuestFileSystemException>(() => Editor.CreateSymbolicLink("/etc/unit.d", "/dev/null", "w", "y"));
    }

    [Fact]
    public void Deleting_a_link_leaves_its_target()
    {
        _files.With("/a/file", "x").WithLink("/b", "a/file");

        Editor.Delete("/b", "y");

        Assert.Null(_files.Find("/b"));
        Assert.Equal("x", _files.Text("/a/file"));
    }

    [Fact]
    public void A_file_system_that_can_only_be_read_is_named_when_it_would_have_to_be_written()
    {
        var editor = new GuestEditor(new GuestRoot([new GuestMount("/", new ReadOnlyFileSystem(_files.With("/etc/a", "1")), MemoryVolume.Partition(0, 1))]), _changes);

        var e = Assert.Throws<GuestFileSystemException>(() => editor.WriteAllText("/etc/a", "2", "w", "y"));

        Assert.Equal(V2VError.FileSystemUnsupported, e.Error);
        Assert.Equal("xfs", e.Format);
        Assert.Empty(_changes);
    }

    private sealed class ReadOnlyFileSystem(GuestFileSystem inner) : GuestFileSystem
    {
        public override string Kind => "xfs";

        public override string? Uuid => inner.Uuid;

        public override string? Label => inner.Label;

        public override GuestSpace Space => inner.Space;

        public override GuestFile? Find(string path) => inner.Find(path);

        public override IEnumerable<GuestDirectoryEntry> Enumerate(string path) => inner.Enumerate(path);

        public override int Read(string path, long offset, Span<byte> buffer) => inner.Read(path, offset, buffer);

        public override string ReadLink(string path) => inner.ReadLink(path);

        public override IReadOnlyDictionary<string, byte[]> ExtendedAttributes(string path) => inner.ExtendedAttributes(path);

        public override IEnumerable<ByteRange> FreeExtents() => inner.FreeExtents();
    }
}
