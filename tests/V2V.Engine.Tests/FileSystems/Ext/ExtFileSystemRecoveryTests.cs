using V2V.Engine.FileSystems;
using V2V.Engine.FileSystems.Ext;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ext;

/// <summary>File systems that the kernel had mounted when their image was copied, as after a crash.</summary>
public class ExtFileSystemRecoveryTests
{
    [Theory]
    [InlineData("-t ext4 -b 4096")]
    [InlineData("-t ext4 -b 1024 -O ^metadata_csum,^64bit")]
    [InlineData("-t ext3 -b 1024")]
    public void A_journal_is_replayed_and_the_file_system_can_be_written_then(string format)
    {
        using var image = new ExtTestImage("48M", format.Split(' '));
        var copy = CopyWhileMounted(image, folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "d"));
            for (var i = 0; i < 300; i++)
            {
                File.WriteAllText(Path.Combine(folder, "d", $"file-{i}"), $"contents {i}");
            }
        });
        Assert.Contains("needs_recovery", ExternalTool.Check("dumpe2fs", "-h", copy), StringComparison.Ordinal);
        using (var device = new FileDevice(copy))
        {
            using var fileSystem = ExtFileSystem.Open(device);
            Assert.Equal(300, fileSystem.Enumerate("/d").Count());
            Assert.Equal("contents 17", fileSystem.ReadAllText("/d/file-17"));
            Judge(copy);
            fileSystem.CreateFile("/new", new GuestFileAttributes());
            fileSystem.Flush();
        }

        Assert.DoesNotContain("needs_recovery", ExternalTool.Check("dumpe2fs", "-h", copy), StringComparison.Ordinal);
        Judge(copy);
    }

    [Theory]
    [InlineData("-t ext4 -b 1024 -O ^orphan_file")]
    [InlineData("-t ext4 -b 1024 -O orphan_file")]
    [InlineData("-t ext4 -b 4096 -O orphan_file,^metadata_csum")]
    [InlineData("-t ext3 -b 1024")]
    public void Files_deleted_while_open_are_freed_before_the_first_change(string format)
    {
        using var image = new ExtTestImage("48M", format.Split(' '));
        var open = new List<FileStream>();
        var copy = CopyWhileMounted(image, folder =>
        {
            for (var i = 0; i < 20; i++)
            {
                var path = Path.Combine(folder, $"orphan-{i}");
                File.WriteAllBytes(path, new byte[50_000]);
                open.Add(File.OpenRead(path));
            }

            ExternalTool.Check("sync", "-f", folder);
            for (var i = 0; i < 20; i++)
            {
                File.Delete(Path.Combine(folder, $"orphan-{i}"));
            }
        }, () => open.ForEach(f => f.Dispose()));

        using (var device = new FileDevice(copy))
        {
            using var fileSystem = ExtFileSystem.Open(device);
            var before = fileSystem.Space;
            fileSystem.CreateFile("/new", new GuestFileAttributes());
            fileSystem.Flush();
            Assert.Equal(before.FreeInodes + 19, fileSystem.Space.FreeInodes);
            Assert.True(fileSystem.Space.FreeBytes >= before.FreeBytes + (20 * 50_000));
        }

        Judge(copy);
    }

    /// <summary>The image as it is on the disk while the kernel has it mounted, its journal committed but not written back.</summary>
    private static string CopyWhileMounted(ExtTestImage image, Action<string> change, Action? beforeUnmount = null)
    {
        image.Mount();
        change(image.MountPoint);
        ExternalTool.Check("sync", "-f", image.MountPoint);
        var copy = image.Path + ".copy";
        File.Copy(image.Path, copy);
        beforeUnmount?.Invoke();
        image.Unmount();
        return copy;
    }

    private static void Judge(string path)
    {
        var (exitCode, output) = ExternalTool.Run("e2fsck", "-fn", path);
        Assert.True(exitCode == 0, output);
    }
}
