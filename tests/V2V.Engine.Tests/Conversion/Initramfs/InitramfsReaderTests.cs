using V2V.Engine.Conversion.Initramfs;
using Xunit;

namespace V2V.Engine.Tests.Conversion.Initramfs;

/// <summary>
/// The kernel's rules for unpacking. The first eight cases are those of a table that was measured with a Linux 6.1 kernel under QEMU, whose
/// init printed what it found; <see cref="InitramfsBootTests"/> repeats what an extension relies on.
/// </summary>
public sealed class InitramfsReaderTests : IDisposable
{
    private const string UsrMerged = """
        mkdir -p usr/lib/sub dir; ln -s usr/lib lib
        printf base > usr/lib/x; printf marker > usr/lib/marker
        printf twin > usr/lib/a; ln usr/lib/a usr/lib/b
        """;

    private readonly Workshop _workshop = new();
    private readonly byte[] _base;

    public InitramfsReaderTests() => _base = Workshop.Align(_workshop.Compress(_workshop.Archive(UsrMerged), "gzip -9n"));

    public void Dispose() => _workshop.Dispose();

    [Fact]
    public void A_file_named_through_a_link_replaces_the_one_behind_it()
    {
        var added = _workshop.Archive("mkdir -p lib/new; printf changed > lib/x; printf n > lib/new/n", "lib/new", "lib/x", "lib/new/n");
        var tree = Workshop.Read(_base, added).Tree;
        Assert.Equal("usr/lib", tree.Find("lib", followLast: false)!.LinkTarget);
        Assert.Equal(Workshop.Crc("changed"), tree.Find("usr/lib/x")!.Checksum);
        Assert.Equal("usr/lib/new/n", tree.RealPath("lib/new/n"));
    }

    [Fact]
    public void A_directory_entry_turns_a_link_into_an_empty_directory()
    {
        var tree = Workshop.Read(_base, _workshop.Archive("mkdir -p lib; printf x > lib/x")).Tree;
        Assert.True(tree.Find("lib", followLast: false)!.IsDirectory);
        Assert.Null(tree.Find("lib/marker"));
        Assert.NotNull(tree.Find("usr/lib/marker"));
    }

    [Fact]
    public void A_file_without_its_directory_is_silently_missing()
    {
        var tree = Workshop.Read(_base, _workshop.Archive("mkdir -p no/where; echo > no/where/f", "no/where/f")).Tree;
        Assert.Null(tree.Find("no"));
        Assert.NotNull(tree.Find("lib/marker"));
    }

    [Fact]
    public void An_uncompressed_archive_at_an_odd_offset_is_an_error()
    {
        var archive = _workshop.Archive("echo > f");
        var error = Assert.Throws<ConversionException>(() => Workshop.Read(_base, [0], archive));
        Assert.Contains("multiple of four", error.Message);
        Assert.Equal(_base.Length + 1, error.Offset);
    }

    [Fact]
    public void An_archive_before_the_image_keeps_its_link_from_being_made()
    {
        var tree = Workshop.Read(_workshop.Archive("mkdir -p lib; echo > lib/early"), _base).Tree;
        Assert.True(tree.Find("lib", followLast: false)!.IsDirectory);
        Assert.Null(tree.Find("lib/marker"));
    }

    [Fact]
    public void Overwriting_a_file_changes_its_hard_links_too()
    {
        var tree = Workshop.Read(_base, _workshop.Archive("mkdir -p usr/lib; printf changed > usr/lib/a", "usr/lib/a")).Tree;
        Assert.Same(tree.Find("usr/lib/a"), tree.Find("usr/lib/b"));
        Assert.Equal(Workshop.Crc("changed"), tree.Find("usr/lib/b")!.Checksum);
    }

    [Fact]
    public void A_link_entry_before_the_file_spares_its_hard_links()
    {
        var link = _workshop.Archive("mkdir -p usr/lib; ln -s z usr/lib/a", "usr/lib/a");
        var file = _workshop.Archive("mkdir -p usr/lib; printf changed > usr/lib/a", "usr/lib/a");
        var tree = Workshop.Read(_base, link, file).Tree;
        Assert.Equal(Workshop.Crc("changed"), tree.Find("usr/lib/a")!.Checksum);
        Assert.Equal(Workshop.Crc("twin"), tree.Find("usr/lib/b")!.Checksum);
    }

    [Fact]
    public void Lz4_needs_zeros_before_what_follows()
    {
        var packed = _workshop.Compress(_workshop.Archive(UsrMerged), "lz4 -q -l");
        var added = _workshop.Archive("echo > added");
        Assert.Throws<ConversionException>(() => Workshop.Read(Workshop.Align(packed), added));
        Assert.NotNull(Workshop.Read(Workshop.Align(packed), new byte[8], added).Tree.Find("added"));
    }

    [Theory]
    [InlineData("gzip -9n")]
    [InlineData("bzip2")]
    [InlineData("xz --check=crc32")]
    [InlineData("lzma")]
    [InlineData("zstd -q -19")]
    public void Microcode_image_and_addition_are_read_in_order(string command)
    {
        var early = _workshop.Archive("mkdir -p kernel/x86/microcode; printf early > kernel/x86/microcode/AuthenticAMD.bin; printf early > over");
        var packed = _workshop.Compress(_workshop.Archive($"{UsrMerged}\nprintf later > over"), command);
        var contents = Workshop.Read(early, packed, Workshop.Align(packed)[packed.Length..], _workshop.Archive("printf last > dir", "dir"));

        var compression = InitramfsMagic.RecogniseCompression(packed)!.Value;
        Assert.Equal(
            [new InitramfsSegment(InitramfsCompression.None, 0, early.Length), new InitramfsSegment(compression, early.Length, packed.Length)],
            contents.Segments.Take(2));
        Assert.Equal(Workshop.Crc("later"), contents.Tree.Find("over")!.Checksum);
        Assert.Equal(5, contents.Tree.Find("kernel/x86/microcode/AuthenticAMD.bin")!.Length);
        // An empty directory makes way for a file.
        Assert.True(contents.Tree.Find("dir")!.IsRegular);
    }

    [Fact]
    public void Everything_that_cpio_packs_is_in_the_tree()
    {
        var archive = _workshop.Archive("""
            mkdir -m 0700 d; mkdir -p 'd/with space/é'; printf abc > d/f; chmod 4755 d/f; ln -s ../f 'd/with space/l'
            : > d/empty; mkfifo -m 0640 d/fifo; ln d/f d/hard; ln d/empty d/hardempty
            head -c 300000 /dev/zero > d/large
            """);
        Assert.Equal(
            [
                "d 40700 0", "d/empty 100644 0", "d/f 104755 3", "d/fifo 10640 0", "d/hard 104755 3", "d/hardempty 100644 0", "d/large 100644 300000",
                "d/with space 40755 0", "d/with space/l 120777 ../f", "d/with space/é 40755 0",
            ],
            Workshop.Listing(Workshop.Read(archive).Tree));
        var tree = Workshop.Read(archive).Tree;
        Assert.Same(tree.Find("d/f"), tree.Find("d/hard"));
        Assert.Same(tree.Find("d/f"), tree.Find("d/with space/l"));
        Assert.Equal(Workshop.Crc("abc"), tree.Find("d/hard")!.Checksum);
    }

    [Fact]
    public void The_checksummed_variant_is_read_and_checked()
    {
        ExternalTool.Need("cpio");
        _workshop.Shell("mkdir t; printf abc > t/f; cd t; echo f | cpio --quiet -o -H crc > ../crc");
        var archive = _workshop.Bytes("crc");
        Assert.Equal(3, Workshop.Read(archive).Tree.Find("f")!.Length);

        var content = archive.AsSpan().IndexOf("abc"u8);
        archive[content]++;
        Assert.Contains("checksum", Assert.Throws<ConversionException>(() => Workshop.Read(archive)).Message);
    }

    [Theory]
    [InlineData("MZ some PE file with sections", "PE file")]
    [InlineData("hsqs squashfs", "squashfs")]
    [InlineData("070707 old cpio", "neither")]
    [InlineData("anything else", "neither")]
    public void What_is_no_initramfs_is_refused_by_name(string content, string name)
    {
        // The odc magic starts like newc's, so the kernel takes it for an archive.
        var error = Assert.Throws<ConversionException>(() => Workshop.Read(System.Text.Encoding.ASCII.GetBytes(content.PadRight(2000))));
        Assert.True(error.Message.Contains(name, StringComparison.Ordinal) || content.StartsWith("0707", StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void A_compressed_ext2_ramdisk_is_refused_by_name()
    {
        ExternalTool.Need("mke2fs");
        _workshop.Shell("truncate -s 1M ram; mke2fs -q -F -t ext2 ram");
        var packed = _workshop.Compress(_workshop.Bytes("ram"), "gzip -9n");
        var error = Assert.Throws<ConversionException>(() => Workshop.Read(packed));
        Assert.Equal(V2VError.GuestUnsupported, error.Error);
        Assert.Contains("ext2", error.Message);
    }

    [Fact]
    public void Truncated_archives_are_errors()
    {
        var archive = _workshop.Archive("printf 0123456789 > f; mkdir d");
        var lastHeader = archive.AsSpan().LastIndexOf("070701"u8);
        for (var length = 1; length < lastHeader; length++)
        {
            // Between two entries the kernel does not miss the rest.
            if (archive.AsSpan(length).StartsWith("070701"u8))
            {
                _ = Workshop.Read(archive[..length]);
            }
            else
            {
                Assert.ThrowsAny<V2VException>(() => Workshop.Read(archive[..length]));
            }
        }
    }

    [Fact]
    public void Mutated_images_end_in_an_error_of_ours_or_in_a_tree()
    {
        var archive = _workshop.Archive("mkdir -p a/b; ln -s ../a a/l; printf abc > a/f; ln a/f a/g; ln -s a/l/l/b loop; printf x > a/b/h");
        var random = new Random(99);
        for (var i = 0; i < 5_000; i++)
        {
            var damaged = archive.ToArray();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                damaged[random.Next(damaged.Length)] = "0123456789abcdefF/.\0lTx"u8.ToArray()[random.Next(23)];
            }

            try
            {
                _ = Workshop.Listing(Workshop.Read(damaged).Tree);
            }
            catch (V2VException)
            {
                // What it says is another test's matter.
            }
        }
    }

    [Fact]
    public void A_bomb_is_stopped()
    {
        ExternalTool.Need("zstd");
        _workshop.Shell("truncate -s 65M f; echo f | cpio --quiet -o -H newc | zstd -q -1 > bomb; rm f");
        Assert.Contains("expands", Assert.Throws<ConversionException>(() => InitramfsReader.Read(_workshop.Bytes("bomb"), maxExpandedLength: 64 << 20, TestContext.Current.CancellationToken)).Message);
    }
}
