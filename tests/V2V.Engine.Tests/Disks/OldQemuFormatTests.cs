using System.Buffers.Binary;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>qcow, version 1, and QED: what QEMU does not write by itself.</summary>
public sealed class OldQemuFormatTests : IDisposable
{
    private const int QedFeatures = 16;

    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(4 << 20);

    public void Dispose() => _folder.Dispose();

    private byte[] Convert(string format, params string[] options)
    {
        QemuImg.Require();
        QemuImg.Run(["convert", "-f", "raw", "-O", format, .. options, SampleDisk.Write(_folder, _disk), _folder[$"disk.{format}"]]);
        return File.ReadAllBytes(_folder[$"disk.{format}"]);
    }

    private static BlockDevice Open(byte[] image, string format) => DiskImages.Open(new MemoryFile(image, $"/memory/disk.{format}"));

    [Fact]
    [Shows("DiskNotClosed")]
    public void A_QED_image_that_was_not_closed_is_read_with_a_warning()
    {
        byte[] image = Convert("qed");
        image[QedFeatures] |= 2;
        using (BlockDevice device = Open(image, "qed"))
        {
            DiskAssert.Holds(_disk, device);
        }

        Assert.Equal("DiskNotClosed", Assert.Single(DiskImages.Inspect(new MemoryFile(image, "/memory/disk.qed")).Concerns).Id);
    }

    [Fact]
    public void Features_of_QED_that_are_not_known_are_refused()
    {
        byte[] image = Convert("qed");
        image[QedFeatures] |= 8;
        var e = Assert.Throws<DiskImageException>(() => Open(image, "qed"));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("0x8", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_backing_file_that_is_said_to_be_raw_is_raw_whatever_it_looks_like()
    {
        QemuImg.Require();
        // A guest's raw disk that begins like a qcow2 image with a backing file of its choice.
        QemuImg.Run("create", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", _folder["base"], "1M");
        byte[] content = File.ReadAllBytes(_folder["base"])[..(64 << 10)];
        _folder.Write("base", content);
        QemuImg.Run("create", "-f", "qed", "-b", "base", "-F", "raw", _folder["disk.qed"]);
        using BlockDevice device = DiskImages.Open(_folder["disk.qed"]);
        DiskAssert.Holds(content, device);
    }

    [Theory]
    [InlineData("qcow")]
    [InlineData("qed")]
    public void A_backing_file_of_untold_format_is_believed_only_if_name_and_content_agree(string format)
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "qcow2", _folder["base"], "1M");
        QemuImg.Run("create", "-f", format, "-b", "base", "-F", "qcow2", _folder[$"disk.{format}"]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder[$"disk.{format}"]));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("rebase", e.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_qcow_images_are_refused_or_read()
    {
        Convert("qcow");
        QemuImg.Io("qcow", _folder["disk.qcow"], "write -c -P 2 64k 4k", "write -c -P 3 68k 4k");
        byte[] image = File.ReadAllBytes(_folder["disk.qcow"]);
        Mutations.Check(image, 48, 250, i => Mutations.ReadThrough(Open(i, "qcow")));
        int l1 = (int)BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(40));
        Mutations.Check(image[l1..], 8 << 10, 250, i => Mutations.ReadThrough(Open([.. image[..l1], .. i], "qcow")));
    }

    [Fact]
    public void Damaged_QED_images_are_refused_or_read()
    {
        byte[] image = Convert("qed", "-o", "cluster_size=4k,table_size=2");
        Mutations.Check(image, 64, 250, i => Mutations.ReadThrough(Open(i, "qed")));
        int l1 = (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(40));
        int l2 = (int)BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(l1));
        Mutations.Check(image[l1..], 16, 100, i => Mutations.ReadThrough(Open([.. image[..l1], .. i], "qed")));
        Mutations.Check(image[l2..], 4096, 150, i => Mutations.ReadThrough(Open([.. image[..l2], .. i], "qed")));
    }
}
