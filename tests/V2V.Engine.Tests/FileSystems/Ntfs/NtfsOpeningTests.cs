using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Tests.FileSystems.Ntfs.Log;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>A volume that Windows still has plans with can be looked at, but not changed; the refusal says why and what to do.</summary>
public sealed class NtfsOpeningTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(3, 1, 0x0001, V2VError.FileSystemNotClean, "dirty")]
    [InlineData(3, 1, 0x0004, V2VError.FileSystemNotClean, "under way")]
    [InlineData(3, 1, 0x0010, V2VError.FileSystemNotClean, "under way")]
    [InlineData(3, 2, 0x0000, V2VError.FileSystemUnsupported, "3.2")]
    [InlineData(4, 0, 0x0000, V2VError.FileSystemUnsupported, "4.0")]
    [InlineData(2, 0, 0x0000, V2VError.FileSystemUnsupported, "2.0")]
    public void Volumes_in_a_state_that_only_Windows_can_handle(byte major, byte minor, int flags, V2VError error, string word)
    {
        using var image = new NtfsTestImage(8 * MiB);
        Patch(image, NtfsSystemFile.Volume, NtfsAttributeType.VolumeInformation, value =>
        {
            (value[8], value[9]) = (major, minor);
            value.AsSpan().Put16(10, flags);
        });
        AssertReadOnly(image, error, word);
    }

    [Theory]
    [InlineData("hibr", true)]
    [InlineData("HIBR", true)]
    [InlineData("RSTR", false)]
    [InlineData("wake", false)]
    [InlineData("\0\0\0\0", false)]
    public void A_hibernated_Windows(string mark, bool isHibernated)
    {
        using var image = new NtfsTestImage(8 * MiB);
        Change(image, fileSystem => fileSystem.WriteAllBytes("/hiberfil.sys", [.. mark.Select(c => (byte)c), .. new byte[5000]]));
        if (isHibernated)
        {
            AssertReadOnly(image, V2VError.FileSystemNotClean, "hiberfil.sys", "powercfg /h off");
        }
        else
        {
            Change(image, fileSystem => fileSystem.CreateFile("/fine", new GuestFileAttributes()));
        }
    }

    [Fact]
    public void A_mirror_that_differs()
    {
        using var image = new NtfsTestImage(8 * MiB);
        using (var device = new FileDevice(image.Path))
        {
            var volume = NtfsOpening.Open(device);
            device.Write(volume.MirrorAddress + (3 * volume.Boot.RecordSize) + 0x100, [0x55]);
        }

        AssertReadOnly(image, V2VError.FileSystemNotClean, "$MFTMirr", "chkdsk");
    }

    [Fact]
    public void An_attribute_that_nobody_knows()
    {
        using var image = new NtfsTestImage(8 * MiB);
        using (var device = new FileDevice(image.Path))
        {
            var volume = NtfsOpening.Open(device);
            var file = volume.Files.Get(NtfsSystemFile.Bitmap);
            file.Add(new NtfsAttribute((NtfsAttributeType)0x110, "") { Value = [1] });
            volume.Files.StoreChanged();
            volume.Cache.WriteBack();
        }

        AssertReadOnly(image, V2VError.FileSystemUnsupported, "0x110");
    }

    [Fact]
    public void A_log_that_is_in_use()
    {
        using var image = new NtfsTestImage(8 * MiB);
        WriteLog(image, NtfsLogTests.Page("RSTR", 100, 1, 1, 0, 1));
        AssertReadOnly(image, V2VError.FileSystemNotClean, "log", "shutdown /s /t 0");
        WriteLog(image, NtfsLogTests.Page("RSTR", 100, 2, 0, 0, 2));
        AssertReadOnly(image, V2VError.FileSystemNotClean, "fast startup", "powercfg /h off");
    }

    [Fact]
    public void A_clean_log_is_emptied_before_the_first_change()
    {
        using var image = new NtfsTestImage(8 * MiB);
        WriteLog(image, NtfsLogTests.Page("RSTR", 100, 1, 1, 0, 2));
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.NotEmpty(fileSystem.Enumerate("/").Append(default));
            Assert.NotEmpty(fileSystem.FreeExtents());
            fileSystem.Flush();
        }

        Assert.True(ReadLog(image).AsSpan().ContainsAnyExcept((byte)0xFF), "reading alone empties nothing");
        Change(image, fileSystem => fileSystem.CreateFile("/new", new GuestFileAttributes()));
        Assert.False(ReadLog(image).AsSpan().ContainsAnyExcept((byte)0xFF));
        image.Check();
    }

    [Fact]
    public void Version_1_2_keeps_descriptors_in_each_file_and_has_no_links()
    {
        using var image = new NtfsTestImage(8 * MiB);
        Patch(image, NtfsSystemFile.Volume, NtfsAttributeType.VolumeInformation, value => (value[8], value[9]) = (1, 2));
        Change(image, fileSystem =>
        {
            fileSystem.CreateDirectory("/WINNT", new GuestFileAttributes());
            fileSystem.WriteAllBytes("/WINNT/ntoskrnl.exe", new byte[10_000]);
            Assert.NotEmpty(fileSystem.ExtendedAttributes("/WINNT/ntoskrnl.exe")[NtfsFileSystem.DescriptorName]);
        });
        using var device = new FileDevice(image.Path);
        var volume = NtfsOpening.Open(device);
        var file = new NtfsPaths(volume).Find("/winnt/NTOSKRNL.EXE")!;
        Assert.Equal(NtfsStandardInformation.Size12, file.Find(NtfsAttributeType.StandardInformation)!.Value!.Length);
        Assert.NotNull(file.Find(NtfsAttributeType.SecurityDescriptor));
    }

    private static void AssertReadOnly(NtfsTestImage image, V2VError error, params string[] words)
    {
        var before = File.ReadAllBytes(image.Path);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.Equal(error, fileSystem.NotCleanReason?.Error);
            Assert.NotNull(fileSystem.Find("/"));
            Assert.Empty(fileSystem.FreeExtents());
            var refusal = Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateFile("/new", new GuestFileAttributes()));
            Assert.All(words, word => Assert.Contains(word, $"{refusal.Message} {refusal.Advice}", StringComparison.Ordinal));
            Assert.Equal(error, refusal.Error);
            Assert.Throws<GuestFileSystemException>(() => fileSystem.CreateDirectory("/new", new GuestFileAttributes()));
            Assert.Throws<GuestFileSystemException>(() => fileSystem.Delete("/new"));
            Assert.Null(fileSystem.Find("/new"));
            fileSystem.Flush();
        }

        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(image.Path)), "the refused volume was changed");
    }

    private static void Change(NtfsTestImage image, Action<NtfsFileSystem> change)
    {
        using var device = new FileDevice(image.Path);
        using var fileSystem = NtfsFileSystem.Open(device);
        Assert.Null(fileSystem.NotCleanReason);
        change(fileSystem);
        fileSystem.Flush();
    }

    /// <summary>Changes a value in a record and in its copy.</summary>
    private static void Patch(NtfsTestImage image, ulong record, NtfsAttributeType type, Action<byte[]> change)
    {
        using var device = new FileDevice(image.Path);
        var volume = NtfsOpening.Open(device);
        var file = volume.Files.Get(record);
        change(file.Find(type)!.Value!);
        file.MarkDirty();
        volume.Files.StoreChanged();
        volume.Cache.WriteBack();
    }

    private static void WriteLog(NtfsTestImage image, byte[] page)
    {
        using var device = new FileDevice(image.Path);
        var start = LogRange(device).Offset;
        device.Write(start, page);
        device.Write(start + page.Length, page);
        device.Write(start + (2 * page.Length), new byte[page.Length]);
    }

    private static byte[] ReadLog(NtfsTestImage image)
    {
        using var device = new FileDevice(image.Path);
        var range = LogRange(device);
        var log = new byte[range.Length];
        device.Read(range.Offset, log);
        return log;
    }

    private static ByteRange LogRange(FileDevice device)
    {
        var volume = NtfsOpening.Open(device);
        var data = volume.Files.Get(NtfsSystemFile.LogFile).Data!;
        Assert.Equal(1, data.Runs!.Count);
        return new ByteRange(data.Runs[0].Lcn << volume.Boot.ClusterLog, data.DataSize);
    }
}
