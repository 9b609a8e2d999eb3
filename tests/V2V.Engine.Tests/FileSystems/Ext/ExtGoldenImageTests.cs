using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>Images made by mke2fs and by the kernel (Data/README.md), with what other programs say of them.</summary>
public class ExtGoldenImageTests
{
    private const string Uuid = "6e1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a5b";

    [Theory]
    [InlineData("ext2", "ext2", 1024, 866, 128, 67, 16, "source")]
    [InlineData("ext3", "ext3", 1024, 1863, 128, 67, 16, "source")]
    [InlineData("ext4", "ext4", 1024, 1865, 128, 67, 16, "source")]
    [InlineData("ext4-4k", "ext4", 4096, 715, 128, 67, 16, "source")]
    [InlineData("linux", "ext4", 1024, 4721, 512, 269, 13, "linux")]
    public void Golden_images_show_what_other_programs_say_of_them(
        string name, string kind, int blockSize, int freeBlocks, int inodes, int freeInodes, ulong inodeOfLines, string tree)
    {
        using var fileSystem = ExtFileSystem.Open(new ArrayDevice(Load($"{name}.gz")));

        Assert.Equal(kind, fileSystem.Kind);
        Assert.Equal(Uuid, fileSystem.Uuid);
        Assert.Equal(name, fileSystem.Label);
        Assert.Equal((long)freeBlocks * blockSize, fileSystem.Space.FreeBytes);
        Assert.Equal((inodes, freeInodes), (fileSystem.Space.TotalInodes, fileSystem.Space.FreeInodes));
        Assert.Equal((long)freeBlocks * blockSize, fileSystem.FreeExtents().Sum(e => e.Length));
        Assert.Equal(inodeOfLines, fileSystem.Find("/lines")!.Id);
        Assert.Equal(LinesOf(tree), Describe(fileSystem));
    }

    [Fact]
    public void The_original_format_has_no_features_and_no_types_in_its_directories()
    {
        using var fileSystem = ExtFileSystem.Open(new ArrayDevice(Load("rev0.gz")));

        Assert.Equal("ext2", fileSystem.Kind);
        Assert.Equal(880 * 1024, fileSystem.Space.FreeBytes);
        Assert.Equal((64, 3), (fileSystem.Space.TotalInodes, fileSystem.Space.FreeInodes));
        Assert.Equal(LinesOf("source").Where(l => l.StartsWith("./", StringComparison.Ordinal)), Describe(fileSystem)); // mke2fs stores no attributes there
    }

    private static List<string> Describe(ExtFileSystem fileSystem)
    {
        var lines = new List<string>();
        void Walk(string path)
        {
            foreach (var entry in fileSystem.Enumerate(path).Where(e => e.Name != "lost+found"))
            {
                var full = path == "/" ? $"/{entry.Name}" : $"{path}/{entry.Name}";
                var file = fileSystem.Find(full)!;
                Assert.Equal((entry.Type, entry.Id), (file.Type, file.Id));
                var content = file.Type switch
                {
                    GuestFileType.Regular => Convert.ToHexStringLower(SHA256.HashData(fileSystem.ReadAllBytes(full))),
                    GuestFileType.SymbolicLink => fileSystem.ReadLink(full),
                    _ => "",
                };
                var kind = file.Type switch { GuestFileType.Regular => 'f', GuestFileType.SymbolicLink => 'l', _ => 'd' };
                var sizeAndTime = file.IsDirectory ? "\t" : $"{file.Length}\t{file.Modified.ToUnixTimeSeconds()}";
                lines.Add($".{full}\t{kind}\t{Convert.ToString(file.Mode, 8)}\t{file.UserId}:{file.GroupId}\t{file.LinkCount}\t{sizeAndTime}\t{content}");
                lines.AddRange(fileSystem.ExtendedAttributes(full).Select(a => $"{full[1..]}\t{a.Key}=0x{Convert.ToHexStringLower(a.Value)}"));
                if (file.IsDirectory)
                {
                    Walk(full);
                }
            }
        }

        Walk("/");
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The lines of a tree file without the root, which has no lost+found there, and without fractions of seconds.</summary>
    private static List<string> LinesOf(string tree)
    {
        var lines = GuestText.Decode(Load($"{tree}.tree.gz")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => !l.StartsWith(".\t", StringComparison.Ordinal))
            .Select(l => l.Split('\t'))
            .Select(f => f.Length < 7 || f[6].Length == 0 ? f : [.. f[..6], Seconds(f[6]), .. f[7..]])
            .Select(f => string.Join('\t', f)).ToList();
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static string Seconds(string time) => Math.Floor(decimal.Parse(time, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);

    private static byte[] Load(string name)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "FileSystems", "Ext", "Data", name));
        using var content = new MemoryStream();
        new GZipStream(file, CompressionMode.Decompress).CopyTo(content);
        return content.ToArray();
    }
}
