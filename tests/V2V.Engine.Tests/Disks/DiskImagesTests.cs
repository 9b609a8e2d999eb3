using System.Text;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>What an image is, is decided by its content; whatever is doubtful is refused.</summary>
public sealed class DiskImagesTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Disk(int at, params byte[] signature)
    {
        byte[] disk = new byte[1 << 20];
        signature.CopyTo(disk, at);
        return disk;
    }

    [Theory]
    [InlineData("disk.img", "QFI\u00fb\0\0\0\u0003")]
    [InlineData("disk.raw", "KDMV\u0001\0\0\0")]
    [InlineData("disk.dd", "# Disk DescriptorFile\nversion=1\n")]
    [InlineData("disk.img", "QFI\u00fb\0\0\0\u0001")]
    [InlineData("disk.raw", "QED\0")]
    [InlineData("disk.img", "conectix")]
    [InlineData("disk.img", "vhdxfile")]
    [InlineData("disk.img", "<<< Oracle VM VirtualBox Disk Image >>>\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\u007f\u0010\u00da\u00be")]
    [InlineData("disk.img", "WithoutFreeSpace")]
    [InlineData("disk.img", "WithouFreSpacExt")]
    [InlineData("disk.img", "<?xml version='1.0'?><Parallels_disk_image>")]
    public void A_raw_name_with_the_magic_of_another_format_is_ambiguous_and_refused(string name, string magic)
    {
        string path = _folder.Write(name, Disk(0, Encoding.Latin1.GetBytes(magic)));
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(path));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("explicitly", e.Advice, StringComparison.Ordinal);

        using BlockDevice forced = DiskImages.Open(path, new DiskOpenOptions { Format = "raw" });
        byte[] start = new byte[4];
        forced.Read(0, start);
        Assert.Equal(Encoding.Latin1.GetBytes(magic)[..4], start);
    }

    [Theory]
    [InlineData("disk.vmdk")]
    [InlineData("disk.qcow2")]
    public void A_name_of_a_format_without_its_magic_is_not_taken_for_raw(string name)
    {
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Inspect(_folder.Write(name, Disk(0, 1, 2, 3))));
        Assert.Contains("named like", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "COWD", "vmfsSparse")]
    [InlineData(0, "Bochs Virtual HD Image", "Bochs")]
    [InlineData(0, "#!/bin/sh\n#V2.0 Format\nmodprobe cloop", "cloop")]
    [InlineData((1 << 20) - 512, "koly\0\0\0\u0004", "macOS (DMG)")]
    [InlineData(257, "ustar", "tar")]
    [InlineData(0, "\u001f\u008b\u0008", "gzip")]
    public void Formats_that_cannot_be_read_are_refused_by_name(int at, string signature, string name)
    {
        string path = _folder.Write("disk", Disk(at, Encoding.Latin1.GetBytes(signature)));
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(path));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    [Theory]
    [InlineData("disk.luks", false)]
    [InlineData("disk.bin", false)]
    [InlineData("disk.img", true)]
    [InlineData("disk", true)]
    public void A_disk_that_begins_as_LUKS_is_raw_if_its_name_allows_it(string name, bool isRaw)
    {
        string path = _folder.Write(name, Disk(0, [.. "LUKS"u8, 0xBA, 0xBE, 0, 2]));
        if (isRaw)
        {
            Assert.Equal("raw", DiskImages.Inspect(path).Format);
            return;
        }

        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(path));
        Assert.Contains("LUKS", e.Message, StringComparison.Ordinal);
        Assert.Contains(".img", e.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disk.qcow", 1, "qcow")]
    [InlineData("disk.qcow", 3, "qcow2")]
    [InlineData("disk.qcow2", 1, null)]
    public void Both_versions_of_qcow_go_by_its_name(string name, int version, string? format)
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", version == 1 ? "qcow" : "qcow2", _folder[name], "1M");
        if (format is not null)
        {
            Assert.Equal(format, DiskImages.Inspect(_folder[name]).Format);
            return;
        }

        Assert.Contains("named like", Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder[name])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_image_is_not_found()
    {
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["none.vmdk"]));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Equal(_folder["none.vmdk"], e.Path);
    }

    [Fact]
    public void A_folder_is_no_image() =>
        Assert.Equal(V2VError.DiskImageReadFailed, Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Path)).Error);

    [Fact]
    public void An_unknown_format_is_refused() =>
        Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("disk", Disk(0)), new DiskOpenOptions { Format = "vhdx" }));

    [Fact]
    public void A_raw_disk_that_ends_within_a_sector_is_filled_up_with_zeros()
    {
        string path = _folder.Write("disk.img", Enumerable.Repeat((byte)7, 1000).ToArray());
        using BlockDevice device = DiskImages.Open(path);
        Assert.Equal(1024, device.Length);
        byte[] read = new byte[100];
        device.Read(924, read);
        Assert.Equal([.. Enumerable.Repeat((byte)7, 76), .. new byte[24]], read);
        Assert.Equal(new DiskExtent(1000, 24, IsZero: true), device.Extents(0, 1024).Last());
    }
}
