using System.Buffers.Binary;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Mbr;

public class MbrPartitionTableTests
{
    private const string FourPrimaries = "label: dos\nlabel-id: 0xdeadbeef\nsize=2M, type=83, bootable\nsize=3M, type=82\nsize=1M, type=8e\ntype=7\n";

    private const string ManyLogicals = """
        label: dos
        label-id: 0x00c0ffee
        size=2M, type=83, bootable
        4: start=8192, size=35M, type=f
        5: size=1M, type=83
        6: size=2M, type=82
        7: size=1M, type=83
        8: size=1M, type=8e
        9: size=1M, type=83
        10: size=3M, type=fd
        11: size=1M, type=83
        """;

    [Theory]
    [InlineData(FourPrimaries, 4)]
    [InlineData(ManyLogicals, 8)]
    [InlineData("label: dos\n1: size=1M\n3: size=1M\n", 2)]
    [InlineData("label: dos\n1: size=2M\n2: size=10M, type=5\n3: size=2M\n5: size=2M\n", 3)]
    [InlineData("label: dos\nsize=2M\nsize=10M, type=85\n", 1)]
    public void Partitions_are_those_that_sfdisk_sees(string script, int count)
    {
        using var image = new DiskImage(64 << 20).Sfdisk(script);

        var volumes = image.Discover();

        Assert.Equal(count, volumes.Count);
        Assert.Equal(image.DescribedBySfdisk(), DiskImage.Describe(volumes));
        Assert.All(volumes, v => Assert.Equal(VolumeKind.MbrPartition, v.Kind));
    }

    [Fact]
    public void The_number_in_a_partitions_uuid_is_hexadecimal()
    {
        using var image = new DiskImage(64 << 20).Sfdisk(ManyLogicals);

        Assert.Equal("00c0ffee-0b", image.Discover().Single(v => v.PartitionNumber == 11).PartitionUuid);
    }

    [Fact]
    public void Partitions_of_a_disk_without_a_signature_have_no_uuid()
    {
        using var image = new DiskImage(8 << 20).Sfdisk("label: dos\nlabel-id: 0x0\nsize=1M\n");

        Assert.Null(Assert.Single(image.Discover()).PartitionUuid);
    }

    [Theory]
    [InlineData(446 + 8, 0x7FFFFFFFu)]
    [InlineData(446 + 12, 0xFFFFFFFFu)]
    [InlineData(446 + 12, 128u * 1024)]
    public void A_partition_that_ends_beyond_the_disk_is_refused(int field, uint value)
    {
        using var image = new DiskImage(64 << 20).Sfdisk(FourPrimaries);
        var disk = image.Load();
        BinaryPrimitives.WriteUInt32LittleEndian(disk.Bytes.AsSpan(field), value);

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Equal(V2VError.PartitionTableCorrupt, e.Error);
        Assert.Equal("MBR", e.Format);
        Assert.Contains("disk 1", e.Message, StringComparison.Ordinal);
        Assert.Contains("partition 1 ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_was_cut_off_is_refused_rather_than_losing_logical_partitions()
    {
        using var image = new DiskImage(64 << 20).Sfdisk(ManyLogicals);

        Assert.Throws<VolumeException>(() => GuestVolumes.Discover([new ArrayDevice(image.Load().Bytes[..(20 << 20)])]));
    }

    [Fact]
    public void A_chain_of_logical_partitions_that_comes_back_is_refused()
    {
        using var image = new DiskImage(64 << 20).Sfdisk(ManyLogicals);
        var disk = image.Load();

        // The second record links to the first: zero sectors from the start of the extended partition.
        var extended = 8192 * 512;
        var second = extended + ((int)BinaryPrimitives.ReadUInt32LittleEndian(disk.Bytes.AsSpan(extended + 446 + 16 + 8)) * 512);
        BinaryPrimitives.WriteUInt32LittleEndian(disk.Bytes.AsSpan(second + 446 + 16 + 8), 0);

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Contains("comes back", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_that_runs_backwards_on_the_disk_is_followed()
    {
        using var image = new DiskImage(64 << 20).Sfdisk("label: dos\nlabel-id: 0x1\nstart=2048,size=60M,type=5\n");
        image.Sfdisk("start=60000,size=2M\n", "--append").Sfdisk("start=8192,size=2M\n", "--append").Sfdisk("start=30000,size=2M\n", "--append");

        Assert.Equal(3, image.Discover().Count);
        Assert.Equal(image.DescribedBySfdisk(), DiskImage.Describe(image.Discover()));
    }

    [Fact]
    public void A_chain_longer_than_any_kernel_follows_is_refused()
    {
        var disk = new ArrayDevice(new byte[512 * 1024]);
        Entry(disk, 0, 0, 5, 1, 1000);
        for (var sector = 1; sector < 1000; sector += 2)
        {
            Entry(disk, sector, 0, 0x83, 1, 1);
            Entry(disk, sector, 1, 5, (uint)sector + 1, 2);
        }

        var e = Assert.Throws<VolumeException>(() => GuestVolumes.Discover([disk]));

        Assert.Contains("256", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_shows_its_partition_and_nothing_else()
    {
        using var image = new DiskImage(64 << 20).Sfdisk(FourPrimaries);
        var disk = image.Load();
        var volume = GuestVolumes.Discover([disk])[1];
        volume.Device.Write(0, "first"u8);
        volume.Device.Write(volume.Device.Length - 4, "last"u8);
        var bytes = new byte[5];
        volume.Device.Read(0, bytes);

        Assert.Equal("first"u8, bytes);
        Assert.Equal("first"u8, disk.Bytes.AsSpan((int)volume.StartOffset, 5));
        Assert.Equal("last"u8, disk.Bytes.AsSpan((int)(volume.StartOffset + volume.Device.Length) - 4, 4));
        Assert.Equal([0L], volume.Device.Extents(0, volume.Device.Length).Select(e => e.Offset));
        Assert.Equal([100L], volume.Device.Extents(100, 200).Select(e => e.Offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => volume.Device.Read(-1, bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => volume.Device.Read(volume.Device.Length - 4, bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => volume.Device.Write(volume.Device.Length, bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => volume.Device.Extents(1, volume.Device.Length));
    }

    private static void Entry(ArrayDevice disk, int sector, int index, byte type, uint first, uint count)
    {
        var record = disk.Bytes.AsSpan(sector * 512, 512);
        (record[510], record[511]) = (0x55, 0xAA);
        var entry = record[(446 + (index * 16))..];
        entry[4] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], first);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], count);
    }
}
