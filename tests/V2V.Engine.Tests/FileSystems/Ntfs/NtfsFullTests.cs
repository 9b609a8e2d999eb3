using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Small volumes that are filled up: what does not fit is refused, and nothing is changed by the attempt.</summary>
[Trait("Category", "Slow")]
public sealed class NtfsFullTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("-c 512", 4, 1)]
    [InlineData("-c 4096", 8, 2)]
    [InlineData("-c 65536", 32, 3)]
    [InlineData("-c 4096 -s 4096", 8, 4)]
    public void A_full_volume_refuses_and_stays_right(string arguments, int mebibytes, int seed)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(mebibytes * MiB, arguments.Split(' '));
        var random = new Random(seed + DifferentialRun.SeedOffset);
        var contents = new Dictionary<string, byte[]>();
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        for (var batch = 0; batch < 4; batch++)
        {
            var refused = 0;
            for (var i = 0; i < 600 && refused < 15; i++)
            {
                refused += Fill(fileSystem, contents, random, mebibytes * MiB / 60) ? 0 : 1;
            }

            Assert.Equal(15, refused);
            fileSystem.Flush();
            image.Check();
            Compare(image, fileSystem, contents);
            foreach (var path in contents.Keys.Order(StringComparer.Ordinal).Where(_ => random.Next(3) == 0).ToList())
            {
                fileSystem.Delete(path);
                contents.Remove(path);
            }
        }

        fileSystem.Flush();
        image.Check();
    }

    private static bool Fill(NtfsFileSystem fileSystem, Dictionary<string, byte[]> contents, Random random, int largest)
    {
        var isNew = contents.Count == 0 || random.Next(3) != 0;
        var path = isNew ? $"/a file with a longer name {random.Next(1 << 30)}" : contents.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(contents.Count));
        try
        {
            if (isNew)
            {
                fileSystem.CreateFile(path, new GuestFileAttributes());
                contents.Add(path, []);
            }

            var data = new byte[random.Next(random.Next(4) == 0 ? largest : 3000) + 1];
            random.NextBytes(data);
            var content = contents[path];
            var offset = random.Next(content.Length + 10_000);
            fileSystem.Write(path, offset, data);
            if (offset + data.Length > content.Length)
            {
                Array.Resize(ref content, offset + data.Length);
            }

            data.CopyTo(content, offset);
            contents[path] = content;
            return true;
        }
        catch (GuestFileSystemException e) when (e.Error == V2VError.FileSystemFull)
        {
            return false;
        }
    }

    private static void Compare(NtfsTestImage image, NtfsFileSystem fileSystem, Dictionary<string, byte[]> contents)
    {
        image.Mount("loop,ro");
        Assert.Equal(contents.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(image.MountPoint).Select(f => "/" + Path.GetFileName(f)).Order(StringComparer.Ordinal));
        foreach (var (path, content) in contents)
        {
            Assert.True(content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), $"{path} has other contents");
            Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), $"ntfs-3g finds other contents in {path}");
        }

        image.Unmount();
    }
}
