using System.IO.Compression;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;
using Xunit;

namespace V2V.Engine.Tests.Disks.Transports.Archives;

/// <summary>Archives made by zip, 7-Zip and .NET.</summary>
public sealed class ZipStoreTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(4_500_001);

    public ZipStoreTests()
    {
        _folder.Write("disk.raw", _disk);
        Directory.CreateDirectory(_folder["web"]);
        _folder.Write("web/notes.txt", "not a disk");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("zip", "zip -q -0 -r x.zip disk.raw web")]
    [InlineData("zip", "zip -q -9 -r x.zip disk.raw web")]
    [InlineData("zip", "zip -q -fz -r x.zip disk.raw web")]
    [InlineData("zip", "zip -q -fd -r x.zip disk.raw web")]
    [InlineData("zip", "zip -q -r x.zip disk.raw web && echo a comment | zip -q -z x.zip")]
    [InlineData("7z", "7z a -bd -tzip -mm=Deflate x.zip disk.raw web")]
    [InlineData("7z", "7z a -bd -tzip -mm=BZip2 x.zip disk.raw web")]
    public void Stored_and_compressed_members_are_read(string program, string command)
    {
        ZipStore store = Make(program, command);
        Assert.Equal(["disk.raw"], store.Names(""));
        Assert.Equal(["web/notes.txt"], store.Names("web"));
        using DiskFile file = store.Open("disk.raw")!;
        byte[] read = new byte[file.Length];
        file.Read(0, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(_disk, read));
        Assert.Equal(_folder["x.zip"] + "!disk.raw", file.Path);
        Assert.Same(store, file.Store);
        Assert.Null(store.Open("other.raw"));
    }

    [Theory]
    [InlineData("zip", "zip -q -P secret x.zip disk.raw", "encrypted")]
    [InlineData("7z", "7z a -bd -tzip -mem=AES256 -psecret x.zip disk.raw", "encrypted")]
    [InlineData("7z", "7z a -bd -tzip -mm=Deflate64 x.zip disk.raw", "Deflate64")]
    [InlineData("7z", "7z a -bd -tzip -mm=LZMA x.zip disk.raw", "LZMA")]
    public void What_cannot_be_read_is_refused_by_name(string program, string command, string named)
    {
        var error = Assert.Throws<DiskImageException>(() =>
        {
            using DiskFile? file = Make(program, command).Open("disk.raw");
            file!.Read(0, new byte[1]);
        });
        Assert.Equal(V2VError.DiskImageUnsupported, error.Error);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_and_names_that_lead_out_are_no_files()
    {
        File.CreateSymbolicLink(_folder["link.raw"], "/etc/passwd");
        Make("zip", "zip -q -y x.zip link.raw disk.raw");
        using (ZipArchive archive = System.IO.Compression.ZipFile.Open(_folder["x.zip"], ZipArchiveMode.Update))
        {
            archive.CreateEntry("../evil.raw");
            archive.CreateEntry("/etc/evil.raw");
            archive.CreateEntry("web\\windows.raw");
        }

        ZipStore store = Read();
        Assert.Equal(["disk.raw"], store.Names(""));
        Assert.Equal(["web/windows.raw"], store.Names("web"));
        Assert.Null(store.Open("link.raw"));
    }

    [Fact]
    public void Two_members_of_one_name_are_refused()
    {
        using (ZipArchive archive = System.IO.Compression.ZipFile.Open(_folder["x.zip"], ZipArchiveMode.Create))
        {
            archive.CreateEntry("disk.raw");
            archive.CreateEntry("disk.raw");
        }

        Assert.Contains("'disk.raw'", Assert.Throws<DiskImageException>(Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_member_that_unpacks_to_more_or_other_than_the_directory_says_is_damaged()
    {
        Make("zip", "zip -q -9 x.zip disk.raw");
        byte[] zip = File.ReadAllBytes(_folder["x.zip"]);
        int record = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        foreach (int field in new[] { 16, 24, 25 })
        {
            byte[] damaged = [.. zip];
            damaged[record + field] ^= 0x10;
            _folder.Write("x.zip", damaged);
            using DiskFile file = Read().Open("disk.raw")!;
            Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => file.Read(0, new byte[file.Length])).Error);
        }
    }

    [Fact]
    public void Damaged_directories_and_headers_break_nothing()
    {
        Make("zip", "zip -q -fz -r x.zip disk.raw web");
        byte[] zip = File.ReadAllBytes(_folder["x.zip"]);
        var random = new Random(3);
        for (int i = 0; i < 500; i++)
        {
            byte[] damaged = [.. zip];
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                damaged[random.Next(4) == 0 ? random.Next(60) : damaged.Length - 1 - random.Next(420)] = (byte)random.Next(256);
            }

            _folder.Write("x.zip", damaged);
            try
            {
                ZipStore store = Read();
                foreach (string name in store.Entries.Select(e => e.Name).Take(10))
                {
                    using DiskFile? file = store.Open(name);
                    file?.ReadStart(100);
                }
            }
            catch (DiskImageException)
            {
            }
        }
    }

    private ZipStore Make(string program, string command)
    {
        ExternalTool.Need(program, "sh");
        ExternalTool.Check("sh", "-c", $"cd {_folder.Path} && {command}");
        return Read();
    }

    private ZipStore Read() => ZipStore.Read(() => HostFile.Open(_folder["x.zip"]), null);
}
