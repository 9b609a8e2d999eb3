using Xunit;

namespace V2V.Engine.Tests.FileSystems.Ntfs;

/// <summary>The checker itself: it finds nothing in what ntfs-3g has written, and something in what is damaged.</summary>
public sealed class NtfsVolumeCheckerTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("-c 512", 16)]
    [InlineData("-c 4096", 32)]
    [InlineData("-c 65536", 128)]
    [InlineData("-c 4096 -s 4096", 32)]
    public void What_ntfs_3g_has_written_is_right(string arguments, int mebibytes)
    {
        ExternalTool.NeedRoot();
        using var image = new NtfsTestImage(mebibytes * MiB, arguments.Split(' '));
        image.Check();
        image.Mount();
        Directory.CreateDirectory(Path.Combine(image.MountPoint, "many"));
        for (var i = 0; i < 700; i++)
        {
            File.WriteAllText(Path.Combine(image.MountPoint, "many", $"a rather long name, number {i * 7919 % 1000}"), new string('x', i * 3));
        }

        for (var i = 0; i < 700; i += 3)
        {
            File.Delete(Path.Combine(image.MountPoint, "many", $"a rather long name, number {i * 7919 % 1000}"));
        }

        image.Unmount();
        image.Check();
    }

    [Fact]
    public void Every_kind_of_damage_is_found()
    {
        using var image = new NtfsTestImage(16 * MiB, "-c", "4096");
        var bytes = File.ReadAllBytes(image.Path);
        int Record(int number) => (BitConverter.ToInt32(bytes, 0x30) * 4096) + (number * 1024);
        Finds(image, bytes, Record(8) + 0x16, 0, "a name without a file");
        Finds(image, bytes, Record(5) + 0x12, 2, "link count");
        Finds(image, bytes, Record(9) + 510, 0xEE, "fixup");
        Finds(image, bytes, Record(10) + 0x10, 0x77, "sequence");
        Finds(image, bytes, (BitConverter.ToInt32(bytes, 0x38) * 4096) + 0x40, 0xEE, "mirror");
        Finds(image, bytes, bytes.Length - 500, 0xEE, "copy of the boot sector");
    }

    private static void Finds(NtfsTestImage image, byte[] bytes, int offset, byte value, string what)
    {
        var damaged = (byte[])bytes.Clone();
        damaged[offset] = value;
        File.WriteAllBytes(image.Path, damaged);
        Assert.True(NtfsVolumeChecker.Check(image.Path).Count > 0, what);
    }
}
