using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.Guests;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Changes to files of special kinds, as they lie on a volume of Windows: what was not changed stays, whatever the kind.</summary>
public sealed class NtfsSpecialFilesTests : IClassFixture<WindowsGuests>
{
    private const string Options = "--version 10 --size 256M";

    private readonly WindowsGuests _guests;

    public NtfsSpecialFilesTests(WindowsGuests guests) => _guests = guests;

    [Theory]
    [InlineData("/ProgramData/fragmented.dat", Options)]
    [InlineData("/ProgramData/fragmented.dat", "--version 10 --size 256M --cluster 512")]
    [InlineData("/ProgramData/fragmented.dat", "--version 7 --size 256M --cluster 65536")]
    [InlineData("/ProgramData/sparse.vhdx", Options)]
    [InlineData("/Users/Administrator/Desktop/download.txt", Options)]
    [InlineData("/Windows/notepad.exe", Options)]
    [InlineData("/Windows/System32/config/SYSTEM", Options)]
    [InlineData("/Windows/System32/config/SYSTEM.LOG1", Options)]
    public void Written_parts_change_and_the_rest_stays(string path, string options)
    {
        ExternalTool.NeedRoot();
        using var image = WindowsGuests.Volume(_guests.Disk(options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var expected = fileSystem.ReadAllBytes(path);
        var streams = fileSystem.Streams(path);
        var random = new Random(path.Length);
        for (var i = 0; i < 60; i++)
        {
            var data = new byte[random.Next(1, 20_000)];
            random.NextBytes(data);
            var offset = random.Next(expected.Length + 5000);
            if (i % 10 == 9)
            {
                // Down to something shorter, and up again over a hole.
                var length = random.Next(expected.Length + 1);
                fileSystem.Truncate(path, length);
                fileSystem.Truncate(path, length + 70_000);
                Array.Resize(ref expected, length);
                Array.Resize(ref expected, length + 70_000);
            }

            fileSystem.Write(path, offset, data);
            if (offset + data.Length > expected.Length)
            {
                Array.Resize(ref expected, offset + data.Length);
            }

            data.CopyTo(expected, offset);
        }

        Assert.True(expected.AsSpan().SequenceEqual(fileSystem.ReadAllBytes(path)), "before it is flushed");
        fileSystem.Flush();
        image.Check();
        Assert.Equal(streams, fileSystem.Streams(path));
        image.Mount("loop,ro");
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), "ntfs-3g reads something else");
        if (path.EndsWith("download.txt", StringComparison.Ordinal))
        {
            Assert.Equal("[ZoneTransfer]\r\nZoneId=3\r\n", File.ReadAllText(image.MountPoint + path + ":Zone.Identifier"));
            Assert.Equal(131_072, File.ReadAllText(image.MountPoint + path + ":large").Length);
        }

        image.Unmount();
    }

    /// <summary>What a conversion may have to replace wherever it finds it: compressed files, files of CompactOS, links.</summary>
    [Theory]
    [InlineData("/Windows/Logs/CBS/CBS.log")]
    [InlineData("/Windows/Logs/CBS/random.bin")]
    [InlineData("/Windows/Logs/CBS/short.txt")]
    [InlineData("/Windows/System32/compact4k.dll")]
    [InlineData("/Windows/System32/compactlzx.dll")]
    [InlineData("/ProgramData/fragmented.dat")]
    [InlineData("/Windows/System32/notepad.exe")]
    public void Files_of_every_kind_are_replaced_and_removed(string path)
    {
        ExternalTool.NeedRoot();
        using var image = WindowsGuests.Volume(_guests.Disk(Options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var free = fileSystem.Space.FreeBytes;
        var content = new byte[300_000];
        new Random(5).NextBytes(content);
        fileSystem.CreateFile(path + ".new", new());
        fileSystem.Write(path + ".new", 0, content);
        fileSystem.Rename(path + ".new", path);
        fileSystem.Flush();
        image.Check();
        image.Mount("loop,ro");
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + path)), "ntfs-3g reads something else");
        image.Unmount();

        fileSystem.Delete(path);
        fileSystem.Flush();
        image.Check();
        Assert.Null(fileSystem.Find(path));
        Assert.InRange(fileSystem.Space.FreeBytes, free - 100_000, long.MaxValue);
    }

    [Fact]
    public void Junctions_and_links_are_removed_and_what_they_lead_to_stays()
    {
        ExternalTool.NeedRoot();
        using var image = WindowsGuests.Volume(_guests.Disk(Options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        foreach (var path in new[] { "/Documents and Settings", "/ProgramData/Application Data", "/Users/Default User.lnk" })
        {
            Assert.True(fileSystem.Find(path)!.IsSymbolicLink);
            fileSystem.Delete(path);
            Assert.Null(fileSystem.Find(path));
        }

        fileSystem.Flush();
        image.Check();
        Assert.NotNull(fileSystem.Find("/Users/Administrator/Desktop/download.txt"));
    }

    /// <summary>Names with a short form are moved and replaced with it, and new ones get one where the long name does not do for DOS.</summary>
    [Fact]
    public void Short_names_go_with_the_long_ones()
    {
        ExternalTool.NeedRoot();
        using var image = WindowsGuests.Volume(_guests.Disk(Options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        fileSystem.Rename("/Program Files", "/Other Programs");
        Assert.Null(fileSystem.Find("/PROGRA~1"));
        Assert.NotNull(fileSystem.Find("/Other Programs/7-Zip"));
        fileSystem.Rename("/Other Programs", "/Program Files");
        for (var i = 0; i < 30; i++)
        {
            fileSystem.CreateFile($"/Windows/Temp/a long name, number {i}.text", new());
        }

        fileSystem.Flush();
        image.Check();
        image.Mount("loop,ro");
        Assert.True(Directory.Exists(Path.Combine(image.MountPoint, "Program Files", "VMware")));
        Assert.Equal(30, Directory.GetFiles(Path.Combine(image.MountPoint, "Windows", "Temp"), "a long name*").Length);
        image.Unmount();
    }

    /// <summary>The directory asks for compression, which is the driver's business: a file without it is as good, and is what a boot loader can read.</summary>
    [Fact]
    public void New_files_in_a_compressed_directory_read_as_written()
    {
        ExternalTool.NeedRoot();
        using var image = WindowsGuests.Volume(_guests.Disk(Options));
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        var content = new byte[200_000];
        new Random(6).NextBytes(content);
        fileSystem.CreateFile("/Windows/Logs/CBS/new.log", new());
        fileSystem.Write("/Windows/Logs/CBS/new.log", 0, content);
        fileSystem.Write("/Windows/Logs/CBS/new.log", 100_000, content.AsSpan(0, 50_000));
        fileSystem.CreateDirectory("/Windows/Logs/CBS/Below", new());
        fileSystem.CreateFile("/Windows/Logs/CBS/Below/small.txt", new());
        fileSystem.Write("/Windows/Logs/CBS/Below/small.txt", 0, content.AsSpan(0, 100));
        fileSystem.Flush();
        content.AsSpan(0, 50_000).CopyTo(content.AsSpan(100_000));

        image.Check();
        image.Mount();
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(image.MountPoint + "/Windows/Logs/CBS/new.log")));
        File.AppendAllText(image.MountPoint + "/Windows/Logs/CBS/new.log", "by ntfs-3g");
        File.AppendAllText(image.MountPoint + "/Windows/Logs/CBS/Below/small.txt", "by ntfs-3g");
        image.Unmount();
        image.Check();
    }
}
