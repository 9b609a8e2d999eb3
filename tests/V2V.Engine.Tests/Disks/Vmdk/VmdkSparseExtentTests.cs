using System.Buffers.Binary;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vmdk;

/// <summary>What QEMU does not write by itself: footers, damaged tables, zeroed grains on a parent.</summary>
public sealed class VmdkSparseExtentTests : IDisposable
{
    private const int GrainDirectory = 56;
    private const int RedundantDirectory = 48;

    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(40 << 20);

    public void Dispose() => _folder.Dispose();

    private byte[] Convert(string subformat)
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={subformat}", SampleDisk.Write(_folder, _disk), _folder["disk.vmdk"]);
        return File.ReadAllBytes(_folder["disk.vmdk"]);
    }

    private static BlockDevice Open(byte[] image) => DiskImages.Open(new MemoryFile(image, "/memory/disk.vmdk"));

    /// <summary>Turns QEMU's stream-optimized image into one as VMware writes them: the grain directory is only known at the end.</summary>
    private byte[] WithFooter()
    {
        byte[] image = Convert("streamOptimized");
        int end = (image.Length + 511) & -512;
        byte[] result = new byte[end + (3 * 512)];
        image.CopyTo(result, 0);
        Span<byte> marker = result.AsSpan(end);
        BinaryPrimitives.WriteUInt64LittleEndian(marker, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(marker[12..], 3);
        image.AsSpan(0, 512).CopyTo(result.AsSpan(end + 512));
        BinaryPrimitives.WriteUInt64LittleEndian(result.AsSpan(GrainDirectory), ulong.MaxValue);
        return result;
    }

    [Fact]
    public void A_stream_optimized_image_with_a_footer_reads_as_its_disk()
    {
        byte[] image = WithFooter();
        // QEMU agrees that this is a valid image of that disk.
        QemuImg.Run("compare", "-f", "vmdk", "-F", "raw", _folder.Write("footer.vmdk", image), _folder["disk.raw"]);
        using BlockDevice device = Open(image);
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    public void A_missing_footer_means_that_the_file_was_cut_short()
    {
        byte[] image = WithFooter();
        var e = Assert.Throws<DiskImageException>(() => Open(image[..^512]));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
        Assert.Contains("cut short", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_redundant_tables_are_used_where_the_primary_ones_are_bad()
    {
        byte[] image = Convert("monolithicSparse");
        long directory = BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(GrainDirectory)) * 512;
        long redundant = BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(RedundantDirectory)) * 512;
        Assert.NotEqual(directory, redundant);

        // The first table's pointer leads nowhere, the second table is full of garbage.
        byte[] damaged = (byte[])image.Clone();
        uint second = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan((int)directory + 4));
        BinaryPrimitives.WriteUInt32LittleEndian(damaged.AsSpan((int)directory), 0xFFFFFF00);
        damaged.AsSpan((int)second * 512, 2048).Fill(0xEE);
        using (BlockDevice device = Open(damaged))
        {
            DiskAssert.Holds(_disk, device);
        }

        // The whole directory lies outside.
        damaged = (byte[])image.Clone();
        BinaryPrimitives.WriteInt64LittleEndian(damaged.AsSpan(GrainDirectory), 1L << 40);
        using (BlockDevice device = Open(damaged))
        {
            DiskAssert.Holds(_disk, device);
        }

        // Both copies are bad.
        damaged.AsSpan((int)redundant, 8).Fill(0xFF);
        using BlockDevice broken = Open(damaged);
        var e = Assert.Throws<DiskImageException>(() => broken.Read(0, new byte[512]));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
        Assert.Equal("VMDK", e.Format);
    }

    [Fact]
    public void A_grain_that_is_marked_for_another_place_is_not_taken()
    {
        byte[] image = Convert("streamOptimized");
        int directory = (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(GrainDirectory)) * 512;
        int table = (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(directory)) * 512;
        int grain = (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(table)) * 512;
        image[grain] ^= 1;
        using BlockDevice device = Open(image);
        var e = Assert.Throws<DiskImageException>(() => device.Read(0, new byte[512]));
        Assert.Equal(grain, e.Offset);
    }

    [Fact]
    public void Damaged_compressed_data_is_noticed()
    {
        byte[] image = Convert("streamOptimized");
        int directory = (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(GrainDirectory)) * 512;
        int table = (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(directory)) * 512;
        int grain = (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(table)) * 512;
        image.AsSpan(grain + 12, 40).Fill(0xA5);
        using BlockDevice device = Open(image);
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => device.Read(0, new byte[1 << 20])).Error);
    }

    [Fact]
    public void A_zeroed_grain_hides_its_parent()
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", SampleDisk.Write(_folder, _disk), _folder["base.vmdk"]);
        QemuImg.Run("create", "-f", "vmdk", "-o", "zeroed_grain=on", "-b", _folder["base.vmdk"], "-F", "vmdk", _folder["child.vmdk"]);
        QemuImg.Io("vmdk", _folder["child.vmdk"], "write -z 1M 1M", "write -P 7 512k 4k");
        byte[] expected = (byte[])_disk.Clone();
        expected.AsSpan(1 << 20, 1 << 20).Clear();
        expected.AsSpan(512 << 10, 4096).Fill(7);
        using BlockDevice device = DiskImages.Open(_folder["child.vmdk"]);
        DiskAssert.Holds(expected, device);
    }

    [Fact]
    public void An_image_that_was_not_closed_is_read_with_a_warning()
    {
        byte[] image = Convert("monolithicSparse");
        image[72] = 1;
        Concern concern = Assert.Single(DiskImages.Inspect(new MemoryFile(image, "/memory/disk.vmdk")).Concerns);
        Assert.Equal("DiskNotClosed", concern.Id);
    }

    [Fact]
    public void An_image_transferred_as_text_is_recognised()
    {
        byte[] image = Convert("monolithicSparse");
        image[75] = (byte)'\n';
        Assert.Contains("as text", Assert.Throws<DiskImageException>(() => Open(image)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_extent_of_a_split_disk_is_not_the_disk()
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse", SampleDisk.Write(_folder, _disk), _folder["disk.vmdk"]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["disk-s001.vmdk"]));
        Assert.Contains("descriptor", e.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("monolithicSparse")]
    [InlineData("streamOptimized")]
    public void Damaged_images_end_in_the_engine_s_exception(string subformat)
    {
        QemuImg.Require();
        byte[] disk = SampleDisk.Create(2 << 20);
        QemuImg.Run("convert", "-f", "raw", "-O", "vmdk", "-o", $"subformat={subformat}", SampleDisk.Write(_folder, disk), _folder["small.vmdk"]);
        byte[] image = File.ReadAllBytes(_folder["small.vmdk"]);
        // Header and descriptor, then everything up to the first grains with their tables.
        Mutations.Check(image, 512, 300, i => Mutations.ReadThrough(Open(i)));
        Mutations.Check(image, 1400, 200, i => Mutations.ReadThrough(Open(i)));
        int directory = (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(GrainDirectory)) * 512;
        Mutations.Check(image[directory..], Math.Min(70_000, image.Length - directory), 300, i => Mutations.ReadThrough(Open([.. image[..directory], .. i])));
    }
}
