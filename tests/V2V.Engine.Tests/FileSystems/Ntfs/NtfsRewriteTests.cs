using System.Security.Cryptography;
using System.Text;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Changes of files that ntfs-3g has stored in special ways, judged by it and by the checkers.</summary>
public sealed class NtfsRewriteTests
{
    private const int MiB = 1 << 20;
    private const int Cluster = 4096;

    private static readonly GuestFileAttributes s_none = new();

    [Fact]
    public void Compressed_files_become_plain_when_they_are_changed()
    {
        using var image = new NtfsTestImage(32 * MiB);
        image.Mount();
        var folder = Path.Combine(image.MountPoint, "c");
        Directory.CreateDirectory(folder);
        ExternalTool.Check("setfattr", "-n", "system.ntfs_attrib_be", "-v", "0x00000800", folder);
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i} of a log that compresses well\r\n"));
        File.WriteAllText(Path.Combine(folder, "whole"), text);
        File.WriteAllText(Path.Combine(folder, "part"), text);
        File.WriteAllText(Path.Combine(folder, "cut"), text);
        image.Unmount();

        var expected = Encoding.ASCII.GetBytes(text);
        Change(image, fileSystem =>
        {
            Assert.Equal(expected, fileSystem.ReadAllBytes("/c/part"));
            Assert.True(Flags(fileSystem, "/c/part").HasFlag(NtfsFileFlags.Compressed));
            fileSystem.WriteAllBytes("/c/whole", expected.AsSpan(0, 70_000));
            fileSystem.Write("/c/part", 100_000, "changed"u8);
            fileSystem.Truncate("/c/cut", 65_000);
            fileSystem.CreateFile("/c/new", s_none);
            Assert.All(["/c/whole", "/c/part", "/c/cut", "/c/new"], path => Assert.False(Flags(fileSystem, path).HasFlag(NtfsFileFlags.Compressed), path));
        });

        var part = (byte[])expected.Clone();
        "changed"u8.CopyTo(part.AsSpan(100_000));
        AssertContents(image, ("c/whole", expected[..70_000]), ("c/part", part), ("c/cut", expected[..65_000]), ("c/new", []));
    }

    [Fact]
    public void Sparse_files_are_filled_and_grow_by_holes()
    {
        using var image = new NtfsTestImage(64 * MiB);
        image.Mount();
        var path = Path.Combine(image.MountPoint, "sparse");
        using (var file = File.Create(path))
        {
            foreach (var offset in new[] { 0, 8 * MiB, 20 * MiB })
            {
                file.Position = offset;
                file.Write("data"u8);
            }
        }

        image.Unmount();
        var expected = new byte[40 * MiB];
        "data"u8.CopyTo(expected);
        "data"u8.CopyTo(expected.AsSpan(8 * MiB));
        "data"u8.CopyTo(expected.AsSpan(20 * MiB));
        Change(image, fileSystem =>
        {
            var free = fileSystem.Space.FreeBytes;
            fileSystem.Truncate("/sparse", 40 * MiB);
            Write(fileSystem, 30 * MiB, 5);
            Write(fileSystem, (4 * MiB) - 3, 3 * Cluster);
            Write(fileSystem, (8 * MiB) - 100, 200);
            Assert.InRange(free - fileSystem.Space.FreeBytes, 1, 10 * Cluster);
            fileSystem.CreateFile("/far", s_none);
            fileSystem.Write("/far", 30 * MiB, "end"u8);
            Assert.True(Flags(fileSystem, "/far").HasFlag(NtfsFileFlags.Sparse));
            fileSystem.CreateFile("/near", s_none);
            fileSystem.Write("/near", 3 * MiB, "end"u8);
            Assert.False(Flags(fileSystem, "/near").HasFlag(NtfsFileFlags.Sparse), "what the guest's drivers read has no holes");
        });
        byte[] near = [.. new byte[3 * MiB], .. "end"u8];
        byte[] far = [.. new byte[30 * MiB], .. "end"u8];
        AssertContents(image, ("sparse", expected), ("near", near), ("far", far));

        void Write(NtfsFileSystem fileSystem, int offset, int length)
        {
            var data = RandomNumberGenerator.GetBytes(length);
            data.CopyTo(expected, offset);
            fileSystem.Write("/sparse", offset, data);
        }
    }

    [Fact]
    public void Names_streams_and_descriptors_of_a_file_outlast_its_contents()
    {
        using var image = new NtfsTestImage(32 * MiB);
        image.Mount();
        File.WriteAllText(Path.Combine(image.MountPoint, "file"), "first");
        File.WriteAllText(Path.Combine(image.MountPoint, "file:small"), "stream");
        File.WriteAllText(Path.Combine(image.MountPoint, "file:large"), new string('x', 100_000));
        ExternalTool.Check("setfattr", "-n", "system.ntfs_attrib_be", "-v", "0x00000006", Path.Combine(image.MountPoint, "file"));
        ExternalTool.Check("setfattr", "-n", "system.ntfs_dos_name", "-v", "FI~1", Path.Combine(image.MountPoint, "file"));
        ExternalTool.Check("ln", Path.Combine(image.MountPoint, "file"), Path.Combine(image.MountPoint, "second"));
        image.Unmount();

        var content = RandomNumberGenerator.GetBytes(300_000);
        Change(image, fileSystem =>
        {
            var before = fileSystem.ExtendedAttributes("/file");
            fileSystem.WriteAllBytes("/FI~1", content);
            var after = fileSystem.ExtendedAttributes("/second");
            Assert.Equal(before[NtfsFileSystem.DescriptorName], after[NtfsFileSystem.DescriptorName]);
            Assert.True(Flags(fileSystem, "/file").HasFlag(NtfsFileFlags.Hidden | NtfsFileFlags.System));
            Assert.Equal(["large", "small"], fileSystem.Streams("/second").Keys.Order(StringComparer.Ordinal));
            fileSystem.Rename("/file", "/third");
            Assert.Null(fileSystem.Find("/FI~1"));
            fileSystem.Delete("/second");
            Assert.Equal(1u, fileSystem.Find("/third")!.LinkCount);
        });
        AssertContents(image, ("third", content), ("third:small", "stream"u8.ToArray()), ("third:large", [.. Enumerable.Repeat((byte)'x', 100_000)]));
    }

    /// <summary>Two files that grow by turns have a run for each cluster, so that their run lists fill many records.</summary>
    [Fact]
    public void Run_lists_longer_than_a_record()
    {
        const int Count = 6000;
        const int Small = 512;
        using var image = new NtfsTestImage(16 * MiB, "-c", "512");
        var contents = new[] { RandomNumberGenerator.GetBytes(Count * Small), RandomNumberGenerator.GetBytes(Count * Small) };
        Change(image, fileSystem =>
        {
            fileSystem.CreateFile("/a", s_none);
            fileSystem.CreateFile("/b", s_none);
            for (var i = 0; i < Count; i++)
            {
                fileSystem.Write("/a", i * Small, contents[0].AsSpan(i * Small, Small));
                fileSystem.Write("/b", i * Small, contents[1].AsSpan(i * Small, Small));
            }
        });
        AssertContents(image, ("a", contents[0]), ("b", contents[1]));

        // Without the one, nothing but single clusters is free, and the MFT has to grow on them.
        var made = 0;
        Change(image, fileSystem =>
        {
            fileSystem.Truncate("/b", 1_000_000);
            fileSystem.Delete("/a");
            fileSystem.CreateFile("/rest", s_none);
            var error = Assert.Throws<GuestFileSystemException>(() => Fill(fileSystem, "/rest"));
            Assert.Equal(V2VError.FileSystemFull, error.Error);
            fileSystem.Delete("/b");
            error = Assert.Throws<GuestFileSystemException>(() =>
            {
                while (made < 10_000)
                {
                    fileSystem.CreateFile($"/new{made}", s_none);
                    made++;
                }
            });
            Assert.Equal(V2VError.FileSystemFull, error.Error);
        });
        image.Check();
        image.Mount("loop,ro");
        Assert.Equal(made, Directory.GetFiles(image.MountPoint, "new*").Length);
    }

    private static void Fill(NtfsFileSystem fileSystem, string path)
    {
        var data = new byte[MiB / 4];
        for (var offset = 0; ; offset += data.Length)
        {
            fileSystem.Write(path, offset, data);
            data = fileSystem.Space.FreeBytes < data.Length ? new byte[512] : data;
        }
    }

    private static NtfsFileFlags Flags(NtfsFileSystem fileSystem, string path) =>
        (NtfsFileFlags)BitConverter.ToUInt32(fileSystem.ExtendedAttributes(path)[NtfsFileSystem.FlagsName]);

    private static void Change(NtfsTestImage image, Action<NtfsFileSystem> change)
    {
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        Assert.Null(fileSystem.NotCleanReason);
        change(fileSystem);
        fileSystem.Flush();
    }

    private static void AssertContents(NtfsTestImage image, params (string Path, byte[] Content)[] files)
    {
        image.Check();
        image.Mount("loop,ro");
        foreach (var (path, content) in files)
        {
            Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(image.MountPoint, path))), path);
        }

        image.Unmount();
    }
}
