using System.Text;
using V2V.Engine.Inspection;
using V2V.Engine.Tests.FileSystems;
using V2V.Engine.Tests.Volumes.Lvm;
using Xunit;

namespace V2V.Engine.Tests.Inspection;

/// <summary>Volumes made by their own tools, identified, and compared with what blkid says.</summary>
public sealed class VolumeContentTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("mkswap", 4 * MiB, "-L", "my swap")]
    [InlineData("mkswap", 4 * MiB, "-p", "65536")]
    [InlineData("mke2fs", 4 * MiB, "-q", "-t", "ext4", "-L", "root", "-F")]
    [InlineData("mke2fs", 4 * MiB, "-q", "-t", "ext3", "-F")]
    [InlineData("mke2fs", 4 * MiB, "-q", "-t", "ext2", "-F")]
    [InlineData("mkfs.xfs", 320 * MiB, "-q", "-L", "data")]
    [InlineData("mkfs.btrfs", 128 * MiB, "-q", "-L", "tank")]
    [InlineData("mkfs.vfat", 64 * MiB, "-F", "32", "-n", "EFI")]
    [InlineData("mkfs.vfat", 16 * MiB, "-F", "16")]
    [InlineData("mkfs.vfat", 2 * MiB, "-F", "12")]
    [InlineData("mkntfs", 16 * MiB, "-q", "-F", "-Q")]
    [InlineData("cryptsetup", 32 * MiB, "luksFormat", "-q", "--type", "luks1", "--pbkdf-force-iterations", "1000", "--key-file", "/etc/passwd")]
    [InlineData("cryptsetup", 32 * MiB, "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--label", "vault", "--key-file", "/etc/passwd")]
    public void It_is_called_what_blkid_calls_it(string tool, int length, params string[] arguments)
    {
        ExternalTool.Need(tool, "blkid");
        var file = Path.GetTempFileName();
        try
        {
            using (var image = File.OpenWrite(file))
            {
                image.SetLength(length);
            }

            ExternalTool.Check(tool, [.. arguments, file]);
            var expected = ExternalTool.Check("blkid", "-p", "-o", "export", file).Split('\n')
                .Select(l => l.Split('=', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1].Replace("\\ ", " ", StringComparison.Ordinal));

            var found = VolumeContent.Identify(MemoryVolume.Partition(0, 1, File.ReadAllBytes(file)).Device);

            Assert.NotNull(found);
            Assert.Equal(expected["TYPE"], found.Kind);
            Assert.Equal(expected.GetValueOrDefault("UUID"), found.Uuid);
            Assert.Equal(expected.GetValueOrDefault("LABEL"), found.Label);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Layouts from the formats' documents, for tools that need a block device; blkid is asked where it is.</summary>
    [Theory]
    [InlineData("BitLocker", 3, "-FVE-FS-", 0, "\u00EB", null)]
    public void Containers_are_told_by_their_headers(string kind, int offset, string signature, int offset2, string text, string? uuid)
    {
        var image = VolumeImages.With(MiB, (offset, Encoding.Latin1.GetBytes(signature)), (offset2, Encoding.Latin1.GetBytes(text)));

        var found = VolumeContent.Identify(MemoryVolume.Partition(0, 1, image).Device);

        Assert.Equal((kind, uuid), (found?.Kind, found?.Uuid));
    }

    [Fact]
    public void A_physical_volume_of_lvm_has_the_uuid_that_blkid_prints()
    {
        using var shop = new LvmWorkshop(8 * MiB);
        shop.Lvm("pvcreate --labelsector 2 {0}");
        var expected = ExternalTool.Check("blkid", "-p", "-o", "value", "-s", "UUID", shop.Loops[0].Name).Trim();

        var found = VolumeContent.Identify(Assert.Single(shop.Discover()).Device);

        Assert.Equal(("LVM2_member", expected), (found?.Kind, found?.Uuid));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(4096, 1)]
    [InlineData(MiB - 8192, 1)]
    [InlineData(MiB - 65536, 0)]
    public void A_mirrors_half_is_told_from_the_file_system_that_it_begins_with(int offset, int version)
    {
        var image = VolumeImages.With(MiB, (1024 + 56, [0x53, 0xEF]), (offset, [0xFC, 0x4E, 0x2B, 0xA9, (byte)version, 0, 0, 0]));

        Assert.Equal("linux_raid_member", VolumeContent.Identify(MemoryVolume.Partition(0, 1, image).Device)?.Kind);
    }

    [Fact]
    public void A_hibernated_system_is_no_swap_space() =>
        Assert.Equal("swsuspend", VolumeContent.Identify(MemoryVolume.Partition(0, 1, VolumeImages.Swap(PhonyGuest.SwapUuid, "S1SUSPEND\0")).Device)?.Kind);

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(512)]
    [InlineData(70000)]
    public void Nothing_is_made_of_nothing(int length) => Assert.Null(VolumeContent.Identify(MemoryVolume.Partition(0, 1, new byte[length]).Device));

    [Fact]
    public void Random_bytes_behind_every_signature_never_throw_anything_else()
    {
        var random = new Random(1);
        byte[][] signatures = ["LUKS\u00BA\u00BE"u8.ToArray(), "XFSB"u8.ToArray(), "LABELONE"u8.ToArray(), "hsqs"u8.ToArray(), [0xEB, 0x58, 0x90, .. "NTFS    "u8]];
        foreach (var signature in signatures)
        {
            for (var length = 512; length < 5000; length += 509)
            {
                var image = new byte[length];
                random.NextBytes(image);
                signature.CopyTo(image, 0);
                VolumeContent.Identify(MemoryVolume.Partition(0, 1, image).Device);
            }
        }
    }
}
