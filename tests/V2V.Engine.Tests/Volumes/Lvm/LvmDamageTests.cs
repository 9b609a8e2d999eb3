using System.Buffers.Binary;
using V2V.Engine.Tests.Disks;
using V2V.Engine.Volumes;
using V2V.Engine.Volumes.Lvm;
using Xunit;

namespace V2V.Engine.Tests.Volumes.Lvm;

/// <summary>Damaged labels and metadata: the other copy is used, or the library's exception says what is wrong.</summary>
public sealed class LvmDamageTests
{
    private const int MiB = 1 << 20;

    /// <summary>Disks of 8 MiB with vg0/a and vg0/b.</summary>
    private static readonly Lazy<byte[]> TwoAreas = new(() => Make("pvcreate --metadatacopies 2 {0}"));

    private static readonly Lazy<byte[]> OneArea = new(() => Make("pvcreate {0}"));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(30)]
    [InlineData(41)]
    [InlineData(56)]
    [InlineData(512)]
    [InlineData(900)]
    public void A_damaged_copy_makes_way_for_the_other(int at)
    {
        var image = (byte[])TwoAreas.Value.Clone();
        var last = LastArea(image);
        foreach (var area in (int[])[LvmImage.Area, last])
        {
            var damaged = (byte[])image.Clone();
            damaged[area + At(image, area, at)] ^= 0x10;

            Assert.Equal(["a", "b"], Names(damaged));
        }

        image[LvmImage.Area + At(image, LvmImage.Area, at)] ^= 0x10;
        image[last + At(image, last, at)] ^= 0x10;
        var volume = Assert.Single(Discover(image));
        Assert.Equal(V2VError.VolumeCorrupt, volume.Failure?.Error);
        Assert.Equal("LVM2", volume.Failure?.Format);
        Assert.Contains("vgcfgrestore", volume.Failure?.Advice);
    }

    [Fact]
    public void The_copy_with_the_highest_sequence_number_counts()
    {
        var old = (byte[])TwoAreas.Value.Clone();
        LvmImage.RewriteText(old, text => text.Replace("seqno = 3", "seqno = 2", StringComparison.Ordinal).Replace("\na {", "\nold {", StringComparison.Ordinal));
        Assert.Equal(["a", "b"], Names(old));

        var newer = (byte[])TwoAreas.Value.Clone();
        LvmImage.RewriteText(newer, text => text.Replace("seqno = 3", "seqno = 4", StringComparison.Ordinal).Replace("\na {", "\nnew {", StringComparison.Ordinal));
        Assert.Equal(["b", "new"], Names(newer));
    }

    [Theory]
    [InlineData(512 + 2)]
    [InlineData(512 + 17)]
    [InlineData(512 + 40)]
    [InlineData(512 + 500)]
    public void A_label_with_a_wrong_checksum_is_none(int at)
    {
        var image = (byte[])OneArea.Value.Clone();
        image[at] ^= 1;

        var volume = Assert.Single(Discover(image));

        Assert.Equal((null, null), (volume.Failure, volume.VolumeGroup));
    }

    [Theory]
    [InlineData("vg0 {", "v/g {", "which LVM does not allow")]
    [InlineData("vg0 {", "-vg {", "which LVM does not allow")]
    [InlineData("\nb {", "\n.. {", "which LVM does not allow")]
    [InlineData("extent_size = 256", "extent_size = 0", "no size")]
    [InlineData("extent_size = 256", "extent_size = -256", "no usable \"extent_size\"")]
    [InlineData("extent_size = 256", "extent_size = 99999999999", "no usable \"extent_size\"")]
    [InlineData("version = 1", "version = 2", "version 1")]
    [InlineData("stripe_count = 1", "stripe_count = 2", "not as many")]
    [InlineData("segment_count = 1", "segment_count = 2", "segments")]
    [InlineData("start_extent = 0", "start_extent = 1", "gap")]
    [InlineData("extent_count = 3", "extent_count = 4000000000", "which has")]
    [InlineData("extent_count = 3", "extent_count = 0", "empty segment")]
    [InlineData("\"pv0\", 2", "\"pv0\", 1", "Two logical volumes")]
    [InlineData("seqno", "a = 1\na = 2\nseqno", "twice")]
    [InlineData("seqno", "a { b { c { d { e { f { g { h { i { j { k { l { m { n { } } } } } } } } } } } } } }\nseqno", "nested")]
    [InlineData("seqno", "x = [ 1, 2\nseqno", "where")]
    [InlineData("seqno", "x = \"without end\nseqno", "where")]
    [InlineData("seqno", "}\nseqno", "")]
    [InlineData("seqno", "= 4\nseqno", "where")]
    public void A_text_that_makes_no_sense_is_refused(string before, string after, string message)
    {
        var image = (byte[])OneArea.Value.Clone();
        LvmImage.RewriteText(image, text =>
        {
            Assert.Contains(before, text);
            return text.Replace(before, after, StringComparison.Ordinal);
        });

        var volume = Assert.Single(Discover(image));

        Assert.Equal(V2VError.VolumeCorrupt, volume.Failure?.Error);
        Assert.Contains(message, volume.Failure?.Message);
    }

    [Fact]
    public void More_text_than_any_group_has_is_refused()
    {
        var image = (byte[])OneArea.Value.Clone();
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(LvmImage.Area + 48), long.MaxValue);
        LvmImage.Seal(image);

        Assert.Contains("are possible", Assert.Single(Discover(image)).Failure?.Message);
        Assert.Contains("values", Assert.Throws<VolumeException>(() => LvmTextParser.Parse(string.Concat(Enumerable.Range(0, 600_000).Select(i => $"a{i}=1\n")))).Message);
    }

    /// <summary>The label, the header of the area, and the texts that were written into it.</summary>
    [Fact]
    public void Random_damage_ends_in_volumes_on_the_disk_or_in_the_librarys_exception() =>
        Mutations.Check(OneArea.Value, LvmImage.Area + 4096, 1000, Read, LvmImage.Seal);

    private static void Read(byte[] image)
    {
        var disk = new ArrayDevice(image);
        foreach (var volume in GuestVolumes.Discover([disk]))
        {
            if (volume.Failure is { } failure)
            {
                throw failure;
            }

            foreach (var range in volume.Unallocated.Concat(volume.DiskRanges(0, volume.Device.Length)))
            {
                Assert.InRange(range.Offset, 0, disk.Length - range.Length);
            }

            var buffer = new byte[(int)Math.Min(volume.Device.Length, MiB)];
            volume.Device.Read(0, buffer);
            volume.Device.Read(volume.Device.Length - buffer.Length, buffer);
        }
    }

    private static byte[] Make(string pvcreate)
    {
        using var shop = new LvmWorkshop(8 * MiB);
        shop.Lvm(pvcreate);
        shop.Lvm("vgcreate -s 128k vg0 {0}");
        shop.Lvm("lvcreate -n a -l 2 vg0");
        shop.Lvm("lvcreate -n b -l 3 vg0");
        shop.Sync();
        return File.ReadAllBytes(shop.Images[0]);
    }

    private static IReadOnlyList<Volume> Discover(byte[] image) => GuestVolumes.Discover([new ArrayDevice(image)]);

    private static IEnumerable<string> Names(byte[] image) =>
        Discover(image).Where(v => v.Failure is null).Select(v => v.LogicalVolume).OfType<string>().Order();

    /// <summary>The second area, from the list that follows the data areas' in the label.</summary>
    private static int LastArea(byte[] image) => (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(512 + 32 + 40 + 32 + 16));

    /// <summary>A place in the area's header, or in its text when beyond the header.</summary>
    private static int At(byte[] image, int area, int at) =>
        at < 512 ? at : (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(area + 40)) + at - 512;
}
