using System.Globalization;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>File systems that the kernel filled, read by the engine.</summary>
public sealed class XfsFileSystemReadTests
{
    public static TheoryData<string> Formats { get; } =
    [
        "-m reflink=1,rmapbt=1,inobtcount=1,bigtime=1 -d agcount=4",
        "-m reflink=1,rmapbt=1 -b size=1024 -d agcount=4",
        "-m reflink=0,rmapbt=0,finobt=0,bigtime=0 -i sparse=0 -d agcount=1",
        "-m reflink=1 -i nrext64=1,size=2048 -d agcount=4",
        "-m reflink=1 -n size=65536 -s size=4096",
        "-m reflink=1 -b size=2048 -n size=4096 -i maxpct=1",
    ];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Everything_that_the_kernel_stored_is_found(string format)
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("320M", format.Split(' '));
        image.Mount();
        var tree = new KernelTree(image.MountPoint);
        Fill(image.MountPoint, tree, format.Contains("reflink=1", StringComparison.Ordinal));
        var expected = TreeSnapshot.Of(tree, new HashSet<string>());
        var modified = tree.Find("/fragmented")!.Modified;
        image.Unmount();

        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        Assert.Equal(expected, TreeSnapshot.Of(fileSystem, new HashSet<string>()));
        Assert.Equal(modified, fileSystem.Find("/fragmented")!.Modified);
        Assert.Equal("xfs", fileSystem.Kind);
        Assert.Equal(ExternalTool.Check("blkid", "-o", "value", "-s", "UUID", image.Path).Trim(), fileSystem.Uuid);

        // The file's extents fill a B-tree whose root in the inode stands above a node, not above leaves.
        var inode = fileSystem.Find("/fragmented")!.Id;
        Assert.Equal(2, image.DbNumber("u3.bmbt.level", $"inode {inode}"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_free_extents_are_those_that_xfs_db_finds(string format)
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("320M", format.Split(' '));
        image.Mount();
        Fill(image.MountPoint, new KernelTree(image.MountPoint), hasReflink: false);
        image.Unmount();
        var blockSize = image.DbNumber("blocksize", "sb 0");
        var groupBlocks = image.DbNumber("agblocks", "sb 0");

        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);

        var found = fileSystem.FreeExtents().ToList();
        var expected = image.Db("freesp -d").Split('\n')
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length == 3 && w.All(x => long.TryParse(x, out _)))
            .Select(w => w.Select(x => long.Parse(x, CultureInfo.InvariantCulture)).ToArray())
            .Select(w => new ByteRange(((w[0] * groupBlocks) + w[1]) * blockSize, w[2] * blockSize)).ToHashSet();
        Assert.NotEmpty(found);

        // What is on the free lists xfs_db counts as free, block by block; the engine leaves it alone.
        Assert.Superset(found.ToHashSet(), expected);
        Assert.All(expected.Except(found), e => Assert.Equal(blockSize, e.Length));
        Assert.Equal(image.DbNumber("fdblocks", "sb 0") * blockSize, fileSystem.Space.FreeBytes);
    }

    [Fact]
    public void A_log_that_went_round_many_times_is_still_seen_to_be_clean()
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("64M", "-l", "size=5472k", "-d", "agcount=1");
        for (var round = 0; round < 4; round++)
        {
            image.Mount("loop,logbsize=32k");
            for (var i = 0; i < 1500; i++)
            {
                File.WriteAllText(Path.Combine(image.MountPoint, $"file-{i}-{round % 2}"), "x");
                File.Delete(Path.Combine(image.MountPoint, $"file-{i}-{(round + 1) % 2}"));
                if (i % 300 == 0)
                {
                    ExternalTool.Check("sync", "-f", image.MountPoint);
                }
            }

            image.Unmount();
            using var device = new FileDevice(image.Path);
            using var fileSystem = XfsFileSystem.Open(device);
            Assert.Equal(1500, fileSystem.Enumerate("/").Count());
        }
    }

    [Fact]
    public void A_fresh_file_system_and_one_that_xfs_repair_zeroed_the_log_of_are_clean()
    {
        using var image = new XfsTestImage("320M");
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = XfsFileSystem.Open(device))
        {
            Assert.Empty(fileSystem.Enumerate("/"));
        }

        ExternalTool.Check("xfs_repair", "-L", image.Path);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = XfsFileSystem.Open(device))
        {
            Assert.Empty(fileSystem.Enumerate("/"));
        }
    }

    [Fact]
    public void It_is_recognised_on_a_volume()
    {
        using var image = new XfsTestImage("320M", "-L", "guest-root");
        using var device = new FileDevice(image.Path);
        using var fileSystem = GuestFileSystems.Open(new Volume { Kind = VolumeKind.WholeDisk, Device = device, DiskIndex = 0 });
        Assert.IsType<XfsFileSystem>(fileSystem);
        Assert.Equal("guest-root", fileSystem.Label);
    }

    [Theory]
    [InlineData("incompat", 0x8000, "32768", false)]
    [InlineData("incompat", 0x80, "ParentPointers", true)]
    [InlineData("ro_compat", 0x4000, "16384", true)]
    [InlineData("incompat", 0x10, "xfs_repair", true)]
    public void Features_that_are_not_understood_are_refused_by_name(string word, int bit, string name, bool canRead)
    {
        using var image = new XfsTestImage("320M");
        var features = image.DbNumber($"features_{word}", "sb 0") | (uint)bit;
        ExternalTool.Check("xfs_db", "-x", "-c", "sb 0", "-c", $"write -d features_{word} {features}", image.Path);

        using var device = new FileDevice(image.Path);
        var refusal = Assert.Throws<GuestFileSystemException>(() =>
        {
            using var fileSystem = XfsFileSystem.Open(device);
            Assert.True(canRead);
            Assert.Empty(fileSystem.Enumerate("/"));
            Assert.Empty(fileSystem.FreeExtents());
            fileSystem.CreateFile("/new", new GuestFileAttributes());
        });
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>One of everything that only the kernel makes, or makes best.</summary>
    private static void Fill(string root, KernelTree tree, bool hasReflink)
    {
        string In(string name) => Path.Combine(root, name);
        var random = new Random(17);
        Directory.CreateDirectory(In("d1/d2/d3"));
        for (var i = 0; i < 2500; i++)
        {
            File.WriteAllText(In($"d1/entry-{i}-of-a-directory-with-several-blocks"), new string('x', i % 100));
        }

        using (var file = File.Create(In("fragmented")))
        {
            for (var i = 0; i < 12_000; i++)
            {
                file.Position = i * 8192L;
                file.WriteByte((byte)i);
            }
        }

        var large = new byte[3_000_000];
        random.NextBytes(large);
        File.WriteAllBytes(In("large"), large);
        using (var sparse = File.Create(In("sparse")))
        {
            sparse.SetLength(1L << 40);
            sparse.Position = 5_000_000;
            sparse.Write(large.AsSpan(0, 10_000));
            sparse.SetLength(6_000_000);
        }

        File.WriteAllText(In("preallocated"), "data");
        tree.Allocate("/preallocated", 0, 0, 400_000);
        tree.Write("/preallocated", 100_000, [.. Enumerable.Repeat((byte)7, 10_000)]);
        tree.CreateSymbolicLink("/short-link", "d1/d2", new());
        tree.CreateSymbolicLink("/long-link", new string('t', 1000), new());
        tree.CreateHardLink("/hard-link", "/large");
        tree.MakeNode("/device", 0x2000 | 0x1A4, 0x105);
        tree.MakeNode("/pipe", 0x1000 | 0x1A4, 0);
        tree.SetExtendedAttribute("/large", "user.small", [1, 2, 3]);
        tree.SetExtendedAttribute("/large", "user.large", new byte[30_000]);
        tree.SetExtendedAttribute("/d1/d2", "security.selinux", "system_u:object_r:etc_t:s0\0"u8.ToArray());
        if (hasReflink)
        {
            ExternalTool.Check("cp", "--reflink=always", In("fragmented"), In("reflinked"));
            tree.Write("/reflinked", 8192 * 500, [1, 2, 3]);
        }
    }
}
