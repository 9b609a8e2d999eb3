using System.Text;
using V2V.Engine.FileSystems.Ntfs;
using V2V.Engine.Tests.Disks;
using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>Long names with short ones beside them, as Windows makes them and ntfs-3g shows them.</summary>
public sealed class NtfsShortNamePairTests
{
    private const int MiB = 1 << 20;
    private const string ShortName = "system.ntfs_dos_name";

    [Fact]
    public void Names_get_short_ones_that_ntfs_3g_finds()
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(32 * MiB);
        string[] names = ["Program Files", "Program Files (x86)", "viostor.sys", "netkvm adapter.inf", "a+b.txt", "Größe.dat"];
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Array.ForEach(names, n => fileSystem.CreateDirectory("/" + n, new()));
            fileSystem.CreateFile("/Program Files/first boot.bat", new());
            fileSystem.CreateFile("/Program Files/second boot.bat", new());
            fileSystem.CreateHardLink("/Program Files/another name.bat", "/Program Files/first boot.bat");
            Assert.Equal(names.Order(), fileSystem.Enumerate("/").Select(e => e.Name).Order());
            Assert.Equal(fileSystem.Find("/Program Files/first boot.bat"), fileSystem.Find("/progra~1/FIRSTB~1.BAT"));
            Assert.Equal(2u, fileSystem.Find("/Program Files/first boot.bat")!.LinkCount);
            Assert.Null(fileSystem.Find("/Program Files/ANOTHE~1.BAT"));
            fileSystem.Flush();
        }

        image.Check();
        image.Mount();
        Assert.Equal(["PROGRA~1", "PROGRA~2", "VIOSTOR.SYS", "NETKVM~1.INF", "A_B~1.TXT", "GRE~1.DAT"], names.Select(n => Dos(Path.Combine(image.MountPoint, n)) ?? n));
        Assert.Equal("SECOND~1.BAT", Dos(Path.Combine(image.MountPoint, "Program Files", "second boot.bat")));
        image.Unmount();
    }

    [Fact]
    public void Both_names_go_together_and_other_links_stay()
    {
        using var image = new NtfsTestImage(32 * MiB);
        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            fileSystem.CreateDirectory("/one", new());
            fileSystem.CreateDirectory("/two", new());
            fileSystem.CreateFile("/one/a long name.txt", new());
            fileSystem.CreateHardLink("/two/other link.txt", "/one/a long name.txt");
            fileSystem.CreateFile("/one/a long name too.txt", new());

            // By its short name, to another directory: the pair is made anew there, the link is another name.
            fileSystem.Rename("/one/ALONGN~1.TXT", "/two/a longer name.txt");
            Assert.Equal(["a long name too.txt"], fileSystem.Enumerate("/one").Select(e => e.Name));
            Assert.Equal(["a longer name.txt", "other link.txt"], fileSystem.Enumerate("/two").Select(e => e.Name));
            Assert.Null(fileSystem.Find("/one/ALONGN~1.TXT"));
            Assert.NotNull(fileSystem.Find("/one/ALONGN~2.TXT"));

            // To the file's own short name, and back to another spelling.
            fileSystem.Rename("/one/a long name too.txt", "/one/ALONGN~2.TXT");
            Assert.Equal(["ALONGN~2.TXT"], fileSystem.Enumerate("/one").Select(e => e.Name));
            fileSystem.Rename("/one/ALONGN~2.TXT", "/one/A Long Name Too.txt");
            Assert.NotNull(fileSystem.Find("/one/ALONGN~1.TXT"));
            fileSystem.Rename("/one/A Long Name Too.txt", "/one/a long name too.TXT");
            Assert.Equal(["a long name too.TXT"], fileSystem.Enumerate("/one").Select(e => e.Name));
            fileSystem.Delete("/one/ALONGN~1.TXT");
            fileSystem.Delete("/one");
            fileSystem.Delete("/two/a longer name.txt");
            Assert.Equal(1u, fileSystem.Find("/two/other link.txt")!.LinkCount);
            fileSystem.Flush();
        }

        image.Check();
    }

    [Fact]
    public void A_volume_without_short_names_gets_none()
    {
        using var image = new NtfsTestImage(32 * MiB);
        using (var device = new FileDevice(image.Path))
        {
            // 0x80 in $VOLUME_INFORMATION, which format sets on data volumes.
            var volume = NtfsOpening.Open(device);
            using (var change = new NtfsTransaction(volume, () => { }))
            {
                var file = volume.Files.Get(NtfsSystemFile.Volume);
                file.Find(NtfsAttributeType.VolumeInformation)!.Value![10] |= 0x80;
                file.MarkDirty();
                change.Commit();
            }

            volume.Cache.WriteBack();
        }

        using (var device = new FileDevice(image.Path))
        using (var fileSystem = NtfsFileSystem.Open(device))
        {
            Assert.Null(fileSystem.NotCleanReason);
            fileSystem.CreateDirectory("/Program Files", new());
            Assert.Null(fileSystem.Find("/PROGRA~1"));
            fileSystem.Flush();
        }

        image.Check();
    }

    private static string? Dos(string path)
    {
        var value = new byte[100];
        var length = LinuxCalls.GetExtendedAttribute(Encoding.UTF8.GetBytes(path + '\0'), Encoding.UTF8.GetBytes(ShortName + '\0'), value, value.Length);
        return length > 0 ? Encoding.UTF8.GetString(value, 0, (int)length) : null;
    }
}
