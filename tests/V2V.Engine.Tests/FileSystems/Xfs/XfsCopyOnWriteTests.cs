using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>Files that share blocks: a change of one must leave the others alone, and the counts of owners right.</summary>
public sealed class XfsCopyOnWriteTests
{
    private const int Length = 700_000;

    [Theory]
    [InlineData("-m reflink=1,rmapbt=1 -d agcount=4", 1)]
    [InlineData("-m reflink=1,rmapbt=0 -b size=1024 -d agcount=4", 2)]
    [InlineData("-m reflink=1,rmapbt=1 -b size=1024 -d agcount=1", 3)]
    [InlineData("-m reflink=1,rmapbt=1 -i nrext64=1 -d agcount=2", 4)]
    public void Changing_files_that_share_blocks_leaves_the_others_alone(string format, int seed)
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("320M", format.Split(' '));
        var random = new Random(seed);
        var contents = new Dictionary<string, byte[]>();
        image.Mount();
        for (var original = 0; original < 3; original++)
        {
            var content = new byte[Length];
            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(image.MountPoint, $"file{original}"), content);
            contents.Add($"/file{original}", content);
            for (var copy = 0; copy < 1 + (original * 2); copy++)
            {
                ExternalTool.Check("cp", "--reflink=always", Path.Combine(image.MountPoint, $"file{original}"), Path.Combine(image.MountPoint, $"file{original}-{copy}"));
                contents.Add($"/file{original}-{copy}", (byte[])content.Clone());
            }
        }

        // Parts of files, so that extents begin and end in the middle of others.
        for (var i = 0; i < 40; i++)
        {
            var (from, to) = (random.Next(100) * 4096, random.Next(100) * 4096);
            var length = random.Next(1, 20) * 4096;
            ExternalTool.Check(
                "xfs_io", "-c", $"reflink {Path.Combine(image.MountPoint, "file0")} {from} {to} {length}", Path.Combine(image.MountPoint, "file2"));
            contents["/file0"].AsSpan(from, length).CopyTo(contents["/file2"].AsSpan(to));
        }

        image.Unmount();
        Assert.NotEqual(0, image.DbNumber("numrecs", "agf 0", "addr refcntroot"));

        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        for (var batch = 0; batch < 5; batch++)
        {
            for (var i = 0; i < 30; i++)
            {
                Change(fileSystem, contents, random);
            }

            fileSystem.Flush();
            image.Check();
            foreach (var (path, content) in contents)
            {
                Assert.True(content.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), $"{path} differs in batch {batch}");
            }

            image.Mount("loop,ro");
            foreach (var (path, content) in contents)
            {
                Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), $"the kernel finds other contents in {path}");
            }

            image.Unmount();
        }

        foreach (var path in contents.Keys)
        {
            fileSystem.Delete(path);
        }

        fileSystem.Flush();
        image.Check();
        for (var group = 0; group < image.DbNumber("agcount", "sb 0"); group++)
        {
            Assert.Equal(0, image.DbNumber("numrecs", $"agf {group}", "addr refcntroot"));
        }
    }

    private static void Change(XfsFileSystem fileSystem, Dictionary<string, byte[]> contents, Random random)
    {
        var path = contents.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(contents.Count));
        var content = contents[path];
        switch (random.Next(8))
        {
            case 0:
                var length = random.Next(Length);
                fileSystem.Truncate(path, length);
                Array.Resize(ref content, length);
                break;
            case 1 when contents.Count > 4:
                fileSystem.Delete(path);
                contents.Remove(path);
                return;
            default:
                var data = new byte[random.Next(1, random.Next(4) == 0 ? 100_000 : 9000)];
                random.NextBytes(data);
                var offset = random.Next(content.Length + 1);
                fileSystem.Write(path, offset, data);
                if (offset + data.Length > content.Length)
                {
                    Array.Resize(ref content, offset + data.Length);
                }

                data.CopyTo(content, offset);
                break;
        }

        contents[path] = content;
    }
}
