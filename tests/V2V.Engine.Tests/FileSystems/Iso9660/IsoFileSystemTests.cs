using System.Buffers.Binary;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Iso9660;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Iso9660;

/// <summary>Images made by xorriso and genisoimage, compared with what they were made of and with what isoinfo and 7z find in them.</summary>
public sealed class IsoFileSystemTests
{
    /// <summary>How the path with characters outside ASCII begins.</summary>
    private const string Foreign = "/name with spaces and ";

    [Theory]
    [InlineData("xorriso -iso-level 3 -R")]
    [InlineData("xorriso -iso-level 3 -R -J -joliet-long")]
    [InlineData("genisoimage -R")]
    [InlineData("genisoimage -r -J -joliet-long -iso-level 3")]
    [InlineData("genisoimage -R -D -U")]
    [InlineData("genisoimage -r -J -joliet-long -iso-level 4 -input-charset iso8859-1")]
    public void Rock_Ridge_shows_the_files_as_they_were(string maker)
    {
        using var image = new IsoTestImage();
        image.Fill();
        if (maker.StartsWith("xorriso", StringComparison.Ordinal))
        {
            image.AddLongLinks();
        }

        image.Make(maker);
        using var iso = image.Open();

        Assert.Equal(IsoNaming.RockRidge, iso.Naming);
        Assert.Equal("LABEL_1", iso.Label);
        Assert.Equal(Blkid(image.Path, "UUID"), iso.Uuid);
        var expected = Tree(new DirectoryInfo(image.Source)).ToDictionary(p => "/" + Path.GetRelativePath(image.Source, p), p => p);
        var keepsModes = !maker.Contains("-r ", StringComparison.Ordinal);
        var found = IsoTestImage.Walk(iso).Select(p => p.TrimEnd('/')).Where(p => p is not ("/rr_moved" or "/RR_MOVED")).ToList();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        foreach (var path in found)
        {
            var file = iso.Find(path)!;
            var original = new FileInfo(expected[path]);
            if (original.LinkTarget is { } target)
            {
                Assert.Equal(GuestFileType.SymbolicLink, file.Type);
                Assert.Equal(target, iso.ReadLink(path));
                continue;
            }

            Assert.Equal(Directory.Exists(expected[path]), file.IsDirectory);
            if (keepsModes)
            {
                Assert.Equal((int)original.UnixFileMode, file.Mode);
            }

            if (file.IsRegular)
            {
                Assert.Equal(new DateTimeOffset(2024, 2, 29, 12, 34, 56, TimeSpan.Zero), file.Modified);
                Assert.True(File.ReadAllBytes(expected[path]).AsSpan().SequenceEqual(iso.ReadAllBytes(path)), path);
            }
        }

        // isoinfo shows relocated directories where they are stored.
        static bool IsInPlace(string path) =>
            !path.StartsWith("/rr_moved", StringComparison.OrdinalIgnoreCase) && !path.StartsWith("/deep/", StringComparison.Ordinal);
        Assert.Equal(image.ListByIsoInfo("-R").Where(IsInPlace).Order(StringComparer.Ordinal), found.Where(IsInPlace).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("xorriso --norock -J -joliet-long")]
    [InlineData("genisoimage -J")]
    [InlineData("genisoimage -J -ucs-level 1")]
    [InlineData("genisoimage -J -joliet-long -ucs-level 2 -iso-level 3")]
    public void Joliet_names_are_taken_without_Rock_Ridge(string maker)
    {
        using var image = new IsoTestImage();
        image.Fill();
        image.Make(maker);
        using var iso = image.Open();

        Assert.Equal(IsoNaming.Joliet, iso.Naming);
        var found = IsoTestImage.Walk(iso).Select(p => p.TrimEnd('/')).ToList();
        var listed = image.ListByIsoInfo("-J", "-j", "iso8859-1").Where(p => !p.StartsWith(Foreign, StringComparison.Ordinal)).Append($"{Foreign}ümlauts 日本.txt");
        Assert.Equal(listed.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        ReadsAs7z(image, iso, found);
        Assert.NotNull(iso.Find("/VIOSTOR/W10/AMD64/VioStor.SYS"));
        Assert.NotNull(iso.Find("/name with spaces and Ümlauts 日本.txt"));
    }

    [Theory]
    [InlineData("xorriso --norock -iso-level 1")]
    [InlineData("genisoimage -iso-level 1")]
    [InlineData("genisoimage -iso-level 3 -N")]
    [InlineData("genisoimage -iso-level 4")]
    public void Plain_names_lose_their_versions(string maker)
    {
        using var image = new IsoTestImage();
        image.Fill();
        image.Make(maker);
        using var iso = image.Open();

        Assert.Equal(IsoNaming.Plain, iso.Naming);
        var found = IsoTestImage.Walk(iso).Select(p => p.TrimEnd('/')).ToList();
        var listed = image.ListByIsoInfo().Select(p => (p.EndsWith(";1", StringComparison.Ordinal) ? p[..^2] : p).TrimEnd('.'));
        Assert.Equal(listed.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        ReadsAs7z(image, iso, found);
        Assert.NotNull(iso.Find("/viostor/w10/amd64/viostor.sys"));
    }

    [Fact]
    public void A_file_in_several_extents_is_read_as_one()
    {
        using var image = new IsoTestImage();
        image.Write("AA.DAT", [.. Enumerable.Repeat((byte)1, 4096)]);
        image.Write("AB.DAT", [.. Enumerable.Repeat((byte)2, 5000)]);
        image.Make("genisoimage -iso-level 3");
        var bytes = File.ReadAllBytes(image.Path);
        var first = Find(bytes, "AA.DAT;1") - 33;
        bytes[first + 25] |= (byte)IsoFileFlags.MultiExtent;
        "AA.DAT;1"u8.CopyTo(bytes.AsSpan(Find(bytes, "AB.DAT;1")));
        using var iso = IsoFileSystem.Open(new ArrayDevice(bytes));

        Assert.Equal(["/AA.DAT"], IsoTestImage.Walk(iso));
        Assert.Equal(9096, iso.Find("/AA.DAT")!.Length);
        Assert.Equal([.. Enumerable.Repeat((byte)1, 4096), .. Enumerable.Repeat((byte)2, 5000)], iso.ReadAllBytes("/AA.DAT"));
        var across = new byte[10];
        Assert.Equal(6, iso.Read("/AA.DAT", 4090, across));
        Assert.Equal(0, iso.Read("/AA.DAT", 9096, across));
    }

    [Fact]
    public void What_is_stored_in_another_way_is_refused_by_name()
    {
        using var image = new IsoTestImage();
        image.Write("AA.DAT", new byte[5000]);
        image.Make("genisoimage -iso-level 3");
        var bytes = File.ReadAllBytes(image.Path);
        var record = Find(bytes, "AA.DAT;1") - 33;
        bytes[record + 26] = 2;
        bytes[record + 27] = 3;
        using var interleaved = IsoFileSystem.Open(new ArrayDevice(bytes));
        Assert.Contains("interleaved", Assert.Throws<GuestFileSystemException>(() => interleaved.ReadAllBytes("/AA.DAT")).Message, StringComparison.Ordinal);

        bytes[record + 26] = bytes[record + 27] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(record + 2), 1 << 20);
        using var beyond = IsoFileSystem.Open(new ArrayDevice(bytes));
        var refusal = Assert.Throws<GuestFileSystemException>(() => beyond.ReadAllBytes("/AA.DAT"));
        Assert.Equal(V2VError.FileSystemCorrupt, refusal.Error);
        Assert.Equal("/AA.DAT", refusal.Path);
        Assert.Equal(2048L << 20, refusal.Offset);
    }

    [Fact]
    public void Data_begins_after_an_extended_attribute_record()
    {
        using var image = new IsoTestImage();
        image.Write("AA.DAT", [.. Enumerable.Repeat((byte)1, 2048), .. Enumerable.Repeat((byte)2, 100)]);
        image.Make("genisoimage -iso-level 3");
        var bytes = File.ReadAllBytes(image.Path);
        var record = Find(bytes, "AA.DAT;1") - 33;
        bytes[record + 1] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(record + 10), 100);
        using var iso = IsoFileSystem.Open(new ArrayDevice(bytes));

        Assert.Equal(Enumerable.Repeat((byte)2, 100), iso.ReadAllBytes("/AA.DAT"));
    }

    [Fact]
    public void Paths_that_are_not_there_are_told_apart()
    {
        using var image = new IsoTestImage();
        image.Write("directory/file", new byte[10]);
        image.Make("genisoimage -R");
        using var iso = image.Open();

        Assert.Null(iso.Find("/Directory"));
        Assert.Null(iso.Find("/directory/file/below"));
        Assert.True(iso.Find("/")!.IsDirectory);
        Assert.Equal(V2VError.GuestPathNotFound, Assert.Throws<GuestFileSystemException>(() => iso.Enumerate("/none")).Error);
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => iso.Enumerate("/directory/file")).Error);
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => iso.Read("/directory", 0, new byte[1])).Error);
        Assert.Equal(V2VError.GuestPathInvalid, Assert.Throws<GuestFileSystemException>(() => iso.ReadLink("/directory/file")).Error);
    }

    [Fact]
    public void Other_images_are_not_taken_for_it()
    {
        Assert.False(IsoProbe.Recognises(new ArrayDevice(new byte[100])));
        Assert.False(IsoProbe.Recognises(new ArrayDevice(new byte[100_000])));
    }

    /// <summary>Everything below a directory, without following links.</summary>
    private static IEnumerable<string> Tree(DirectoryInfo directory) => directory.EnumerateFileSystemInfos()
        .SelectMany(i => i is DirectoryInfo { LinkTarget: null } below ? Tree(below).Prepend(i.FullName) : [i.FullName]);

    /// <summary>7z takes Joliet's names before Rock Ridge's, and strips versions.</summary>
    private static void ReadsAs7z(IsoTestImage image, IsoFileSystem iso, IReadOnlyList<string> found)
    {
        var folder = Directory.CreateTempSubdirectory("v2v-7z-");
        try
        {
            ExternalTool.Check("7z", "x", "-y", "-bd", $"-o{folder.FullName}", image.Path);
            var files = found.Where(p => iso.Find(p)!.IsRegular).ToList();
            foreach (var path in files)
            {
                // What becomes of characters outside ASCII is up to 7z's locale.
                var extracted = path.StartsWith(Foreign, StringComparison.OrdinalIgnoreCase) ? Assert.Single(Directory.GetFiles(folder.FullName, $"{Foreign[1..]}*")) : folder.FullName + path;
                Assert.True(File.Exists(extracted), path);
                Assert.True(File.ReadAllBytes(extracted).AsSpan().SequenceEqual(iso.ReadAllBytes(path)), path);
            }

            Assert.Equal(files.Count, folder.EnumerateFiles("*", SearchOption.AllDirectories).Count());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Blkid(string path, string field) => ExternalTool.Check("blkid", "-p", "-s", field, "-o", "value", path).Trim();

    private static int Find(byte[] bytes, string text) => bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text));
}
