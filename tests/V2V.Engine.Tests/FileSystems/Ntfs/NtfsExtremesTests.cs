using System.Text;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>What NTFS allows and few volumes have.</summary>
[Trait("Category", "Slow")]
public sealed class NtfsExtremesTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("-c 4096")]
    [InlineData("-c 512")]
    public void A_file_with_hundreds_of_names(string arguments)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(32 * MiB, arguments.Split(' '));
        var random = new Random(1);
        var names = Enumerable.Range(0, 400).Select(i => $"/d{i % 3}/link {i} {new string('n', random.Next(1, 150))}").ToArray();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Array.ForEach(["/d0", "/d1", "/d2"], d => fileSystem.CreateDirectory(d, new()));
            fileSystem.CreateFile("/file with contents", new());
            fileSystem.Write("/file with contents", 0, Encoding.UTF8.GetBytes("contents"));
            Array.ForEach(names, n => fileSystem.CreateHardLink(n, "/file with contents"));
            fileSystem.Flush();
        }

        image.Check();
        random.Shuffle(names);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.Equal(401u, fileSystem.Find("/file with contents")!.LinkCount);
            Array.ForEach(names[..250], fileSystem.Delete);
            fileSystem.Write("/file with contents", 8, new byte[20000]);
            fileSystem.Flush();
            image.Check();
            Array.ForEach(names[250..390], fileSystem.Delete);
            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        foreach (var name in names[390..])
        {
            Assert.Equal("contents", Encoding.UTF8.GetString(File.ReadAllBytes(image.MountPoint + name).AsSpan(0, 8)));
        }

        image.Unmount();
    }

    [Fact]
    public void Clusters_of_two_mebibytes()
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(1024L * MiB, "-c", "2097152");
        var random = new Random(2);
        var contents = new Dictionary<string, byte[]>();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            fileSystem.CreateDirectory("/many", new());
            for (var i = 0; i < 600; i++)
            {
                var path = $"/many/file number {i}";
                fileSystem.CreateFile(path, new());
                contents[path] = new byte[random.Next(i % 50 == 0 ? 5 * MiB : 300)];
                random.NextBytes(contents[path]);
                fileSystem.Write(path, 0, contents[path]);
            }

            foreach (var path in contents.Keys.Where((_, i) => i % 3 == 0).ToArray())
            {
                fileSystem.Delete(path);
                contents.Remove(path);
            }

            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        Assert.All(contents, c => Assert.Equal(c.Value, File.ReadAllBytes(image.MountPoint + c.Key)));
        image.Unmount();
    }

    [Fact]
    public void An_MFT_in_hundreds_of_pieces()
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(24 * MiB, "-c", "512");
        var count = 0;
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            // Small files lie side by side; every other one of them then gives back what it has, for records to go there.
            fileSystem.CreateDirectory("/d", new());
            var small = new List<string>();
            for (var i = 0; i < 6000; i++)
            {
                small.Add($"/d/{i}");
                fileSystem.CreateFile(small[^1], new());
                fileSystem.Write(small[^1], 0, new byte[1200]);
            }

            foreach (var path in small.Where((_, i) => i % 2 == 0))
            {
                fileSystem.Truncate(path, 0);
            }

            try
            {
                for (; count < 20000; count++)
                {
                    fileSystem.CreateFile($"/d/more {count}", new());
                }
            }
            catch (GuestFileSystemException e)
            {
                Assert.Equal(V2VError.FileSystemFull, e.Error);
            }

            fileSystem.Flush();
            Assert.InRange(NtfsOpening.Open(device).Files.Get(NtfsSystemFile.Mft).Data!.Runs!.Count, 100, 100000);
        }

        image.Check();
        image.Mount();
        Assert.Equal(6000 + count, Directory.GetFiles(Path.Combine(image.MountPoint, "d")).Length);
        image.Unmount();
    }

    [Fact]
    public void Long_links_are_read_before_they_are_written_and_after()
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(16 * MiB);
        var target = string.Join('/', Enumerable.Repeat("component", 300));
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            fileSystem.CreateSymbolicLink("/link", target, new());
            Assert.Equal(target, fileSystem.ReadLink("/link"));
            fileSystem.Flush();
            Assert.Equal(target, fileSystem.ReadLink("/link"));
        }

        image.Check();
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.Equal(target, fileSystem.ReadLink("/link"));
            fileSystem.Delete("/link");
            fileSystem.Flush();
        }

        image.Check();
    }
}
