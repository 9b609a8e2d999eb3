using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Xfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Xfs;

/// <summary>Small file systems that are filled up: what does not fit is refused, and nothing is changed by the attempt.</summary>
[Trait("Category", "Slow")]
public sealed class XfsFullTests
{
    [Theory]
    [InlineData("-m reflink=1,rmapbt=1 -d agcount=4", 1)]
    [InlineData("-m reflink=0,rmapbt=0 -b size=1024 -d agcount=2", 2)]
    [InlineData("-m reflink=1,rmapbt=1 -b size=1024 -i sparse=0 -d agcount=4", 3)]
    [InlineData("-m reflink=0,rmapbt=0,finobt=0 -d agcount=1", 4)]
    public void A_full_file_system_refuses_and_stays_right(string format, int seed)
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("80M", [.. format.Split(' '), "-l", "size=14m"]);
        var random = new Random(seed);
        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        new FullVolume(image, fileSystem, random, "file-", r => r.Next(r.Next(3) == 0 ? 1_500_000 : 60_000) + 1).FillAndEmpty(batches: 6, attempts: 400);
    }

    [Fact]
    public void Where_no_room_for_a_whole_chunk_is_left_inodes_go_to_parts_of_one()
    {
        ExternalTool.NeedRoot();
        using var image = new XfsTestImage("40M", "-m", "reflink=1,rmapbt=1", "-i", "sparse=1,maxpct=0", "-d", "agcount=2", "-l", "size=14m");
        image.Mount();
        var filled = 0;
        try
        {
            // Many files of two blocks, until nothing is free but the reserve; then every second one goes.
            for (; ; filled++)
            {
                File.WriteAllBytes(Path.Combine(image.MountPoint, $"f{filled}"), new byte[8192]);
            }
        }
        catch (IOException)
        {
            Assert.True(filled > 500);
        }

        for (var i = 0; i < filled; i += 2)
        {
            File.WriteAllBytes(Path.Combine(image.MountPoint, $"f{i}"), []);
        }

        image.Unmount();

        using var device = new FileDevice(image.Path);
        using var fileSystem = XfsFileSystem.Open(device);
        var count = 0;
        var refusal = Assert.Throws<GuestFileSystemException>(() =>
        {
            for (; count < 20_000; count++)
            {
                fileSystem.CreateFile($"/new-{count}", new GuestFileAttributes());
            }
        });
        Assert.Equal(V2VError.FileSystemFull, refusal.Error);
        fileSystem.Flush();
        image.Check();
        Assert.True(count > 200, $"only {count} files");
        Assert.Matches(@"\[startino,holemask,count,freecount,free\](?s:.*)\[\d+,0x[0-9a-f]*[1-9a-f]", image.Db("agi 0", "addr root", "print") + image.Db("agi 1", "addr root", "print"));
        image.Mount();
        Assert.Equal(count + filled, Directory.GetFiles(image.MountPoint, "f*").Length + Directory.GetFiles(image.MountPoint, "new-*").Length);
        File.WriteAllText(Path.Combine(image.MountPoint, "new-0"), "");
        File.Delete(Path.Combine(image.MountPoint, "new-1"));
        image.Unmount();
        image.Check();
    }
}
