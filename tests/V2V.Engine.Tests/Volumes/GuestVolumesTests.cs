using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes;

public class GuestVolumesTests
{
    [Theory]
    [InlineData("mkfs.fat", "-I")]
    [InlineData("mkfs.fat", "-F 32 -I")]
    [InlineData("mkntfs", "-F -q")]
    [InlineData("mkfs.exfat", "")]
    [InlineData("mke2fs", "-q -F -t ext4")]
    public void A_file_system_on_the_whole_disk_is_one_volume(string program, string options)
    {
        using var image = new DiskImage(40 << 20);
        ExternalTool.Check(program, [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), image.Path]);

        AssertIsWholeDisk(image.Load());
    }

    [Theory]
    [InlineData("mkfs.fat", "-I")]
    [InlineData("mkntfs", "-F -q")]
    [InlineData("mke2fs", "-q -F -t ext4")]
    public void Boot_code_that_looks_like_partition_entries_makes_no_table(string program, string options)
    {
        using var image = new DiskImage(40 << 20);
        ExternalTool.Check(program, [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), image.Path]);
        var disk = image.Load();

        // The entries begin with 0 and 80 as those of a table do, but lie beyond the disk.
        for (var entry = 446; entry < 510; entry += 16)
        {
            disk.Bytes.AsSpan(entry, 16).Fill((byte)'s');
            disk.Bytes[entry] = 0;
        }

        (disk.Bytes[510], disk.Bytes[511]) = (0x55, 0xAA);

        AssertIsWholeDisk(disk);
    }

    [Theory]
    [InlineData("mkfs.fat", "-I")]
    [InlineData("mkntfs", "-F -q")]
    [InlineData("mke2fs", "-q -F -t ext4")]
    public void A_disk_that_was_partitioned_over_an_old_file_system_has_partitions(string program, string options)
    {
        using var image = new DiskImage(40 << 20);
        ExternalTool.Check(program, [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), image.Path]);
        image.Sfdisk("label: dos\nlabel-id: 0x12345678\nsize=10M, type=83\nsize=10M, type=82\n", "--wipe", "never");

        Assert.Equal(2, image.Discover().Count);
        Assert.Equal(image.DescribedBySfdisk(), DiskImage.Describe(image.Discover()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(512)]
    [InlineData(4096)]
    public void Empty_and_tiny_disks_are_one_volume(int length) => AssertIsWholeDisk(new ArrayDevice(new byte[length]));

    [Fact]
    public void An_empty_table_leaves_the_disk_as_one_volume()
    {
        using var image = new DiskImage(10 << 20).Sfdisk("label: dos\n");

        AssertIsWholeDisk(image.Load());
    }

    [Fact]
    public void Disks_keep_their_order_and_index()
    {
        using var first = new DiskImage(10 << 20).Sfdisk("label: dos\nsize=2M\nsize=2M\n");
        using var second = new DiskImage(10 << 20);
        using var third = new DiskImage(10 << 20).Sfdisk("label: gpt\nsize=2M\n");

        var volumes = GuestVolumes.Discover([first.Load(), second.Load(), third.Load()]);

        Assert.Equal([(0, 1), (0, 2), (1, null), (2, (int?)1)], volumes.Select(v => (v.DiskIndex, v.PartitionNumber)));
        Assert.Equal("disk 3, partition 1", volumes[3].DisplayName);
    }

    [Fact]
    public void Random_damage_ends_in_volumes_on_the_disk_or_in_the_librarys_exception()
    {
        using var mbr = new DiskImage(20 << 20).Sfdisk("label: dos\n1: size=2M\n2: size=10M,type=5\n5: size=2M\n6: size=2M\n7: size=2M\n");
        using var gpt = new DiskImage(2 << 20).Sgdisk("-a", "1", "-n", "1:64:1000", "-n", "2:1024:2000");
        var gptBytes = gpt.Load().Bytes;
        gptBytes.AsSpan(gptBytes.Length - 512).Clear(); // or the backup would mend everything
        var random = new Random(42);
        var (found, refused) = (0, 0);
        foreach (var (image, from, to) in new[] { (mbr.Load().Bytes, 440, 512), (gptBytes, 440, 1700) })
        {
            var records = Enumerable.Range(0, image.Length / 512).Where(s => image[(s * 512) + 510] == 0x55 && image[(s * 512) + 511] == 0xAA).ToList();
            for (var i = 0; i < 5000; i++)
            {
                var copy = new List<(int Offset, byte Value)>();
                for (var flips = random.Next(1, 5); flips > 0; flips--)
                {
                    var offset = (records[random.Next(records.Count)] * 512) + random.Next(from, to);
                    copy.Add((offset, image[offset]));
                    image[offset] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(image[offset] ^ (1 << random.Next(8)));
                }

                if (image[512] == 'E' && random.Next(2) == 0)
                {
                    copy.Add((528, image[528]));
                    copy.Add((529, image[529]));
                    copy.Add((530, image[530]));
                    copy.Add((531, image[531]));
                    DiskImage.SealHeader(image, 512);
                }

                var disk = new ArrayDevice(image);
                try
                {
                    var volumes = GuestVolumes.Discover([disk]);
                    Assert.All(volumes, v => Assert.InRange(v.StartOffset + v.Device.Length, 1, disk.Length));
                    found++;
                }
                catch (VolumeException e)
                {
                    Assert.Equal(V2VError.PartitionTableCorrupt, e.Error);
                    refused++;
                }

                copy.Reverse();
                copy.ForEach(c => image[c.Offset] = c.Value);
            }
        }

        Assert.InRange(found, 1000, 9000);
        Assert.InRange(refused, 1000, 9000);
    }

    private static void AssertIsWholeDisk(ArrayDevice disk)
    {
        var volume = Assert.Single(GuestVolumes.Discover([disk]));

        Assert.Equal(VolumeKind.WholeDisk, volume.Kind);
        Assert.Equal(disk.Length, volume.Device.Length);
        Assert.Null(volume.PartitionNumber);
    }
}
