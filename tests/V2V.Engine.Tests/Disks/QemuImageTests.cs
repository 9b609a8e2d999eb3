using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>Images that QEMU made of a known disk read as that disk.</summary>
public sealed class QemuImageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vmdk", "subformat=monolithicSparse")]
    [InlineData("vmdk", "subformat=streamOptimized")]
    [InlineData("vmdk", "subformat=monolithicFlat")]
    [InlineData("vmdk", "subformat=twoGbMaxExtentSparse")]
    [InlineData("vmdk", "subformat=twoGbMaxExtentFlat")]
    [InlineData("vmdk", "subformat=monolithicSparse,zeroed_grain=on")]
    [InlineData("qcow2", "compat=0.10")]
    [InlineData("qcow2", "compat=1.1")]
    [InlineData("qcow2", "cluster_size=512")]
    [InlineData("qcow2", "cluster_size=4k")]
    [InlineData("qcow2", "cluster_size=2M")]
    [InlineData("qcow2", "preallocation=metadata")]
    [InlineData("qcow2", "preallocation=falloc")]
    [InlineData("qcow2", "extended_l2=on,cluster_size=128k")]
    [InlineData("qcow2", "compat=0.10", true)]
    [InlineData("qcow2", "compression_type=zlib", true)]
    [InlineData("qcow2", "compression_type=zlib,cluster_size=512", true)]
    [InlineData("qcow2", "compression_type=zlib,cluster_size=2M", true)]
    [InlineData("qcow2", "compression_type=zstd", true)]
    [InlineData("qcow2", "compression_type=zstd,cluster_size=2M", true)]
    [InlineData("qcow2", "compression_type=zstd,extended_l2=on", true)]
    [InlineData("vpc", "subformat=dynamic,force_size=on")]
    [InlineData("vpc", "subformat=fixed,force_size=on")]
    [InlineData("vhdx", "subformat=dynamic")]
    [InlineData("vhdx", "subformat=fixed")]
    [InlineData("vhdx", "block_size=1M")]
    [InlineData("vhdx", "block_size=256M,block_state_zero=off")]
    [InlineData("vdi", "static=off")]
    [InlineData("vdi", "static=on")]
    [InlineData("parallels", "cluster_size=1M")]
    [InlineData("parallels", "cluster_size=64k")]
    public void An_image_made_by_qemu_reads_as_the_disk_it_was_made_of(string format, string options, bool compressed = false)
    {
        QemuImg.Require();
        byte[] disk = SampleDisk.Create();
        string raw = SampleDisk.Write(_folder, disk);
        string name = format == "vpc" ? "vhd" : format;
        string image = _folder["image." + (format == "parallels" ? "hds" : name)];
        QemuImg.Run(["convert", "-f", "raw", "-O", format, "-o", options, .. compressed ? new[] { "-c" } : [], raw, image]);

        DiskImageInfo info = DiskImages.Inspect(image);
        Assert.Equal(name, info.Format);
        Assert.Equal(disk.Length, info.Capacity);
        Assert.InRange(info.Allocated!.Value, 1 << 20, disk.Length + (4 << 20));
        using BlockDevice device = DiskImages.Open(image);
        DiskAssert.Holds(disk, device);
        if (options != "preallocation=falloc")
        {
            Assert.True(DiskAssert.CheckExtents(disk, device, 0, disk.Length) > 30 << 20, "wide holes are not said to be zeros");
        }
    }

    [Fact]
    public void A_raw_disk_reads_as_it_is_and_its_holes_are_zeros()
    {
        byte[] disk = SampleDisk.Create();
        string raw = SampleDisk.Write(_folder, disk);
        using BlockDevice device = DiskImages.Open(raw);
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void Holes_of_a_sparse_file_are_not_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs SEEK_HOLE");
        string path = _folder["sparse.img"];
        using (FileStream file = File.Create(path))
        {
            file.SetLength(1L << 40);
            file.Position = 5L << 30;
            file.Write([1, 2, 3]);
        }

        using BlockDevice device = DiskImages.Open(path);
        Assert.Equal(1L << 40, device.Length);
        long data = device.Extents(0, device.Length).Where(e => !e.IsZero).Sum(e => e.Length);
        Assert.InRange(data, 3, 1 << 20);
    }

    [Theory]
    [InlineData("twoGbMaxExtentSparse")]
    [InlineData("twoGbMaxExtentFlat")]
    public void A_disk_split_in_files_of_two_gigabytes_reads_across_their_borders(string subformat)
    {
        QemuImg.Require();
        const long border = 2146435072; // 2047 MiB: where VMware and QEMU cut
        string raw = _folder["disk.raw"];
        byte[] noise = new byte[5 << 20];
        new Random(5).NextBytes(noise);
        using (FileStream file = File.Create(raw))
        {
            file.SetLength((4L << 30) + (10 << 20));
            file.Position = border - 1_234_567;
            file.Write(noise);
            file.Position = file.Length - noise.Length;
            file.Write(noise);
        }

        QemuImg.Run("convert", "-O", "vmdk", "-o", $"subformat={subformat}", raw, _folder["disk.vmdk"]);
        using BlockDevice device = DiskImages.Open(_folder["disk.vmdk"]);
        Assert.Equal(3, Directory.GetFiles(_folder.Path, "disk-*.vmdk").Length);
        Assert.Equal((4L << 30) + (10 << 20), device.Length);
        byte[] read = new byte[noise.Length];
        device.Read(border - 1_234_567, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(noise, read));
        device.Read(device.Length - noise.Length, read);
        Assert.Equal(-1, DiskAssert.FirstDifference(noise, read));
        Assert.InRange(device.Extents(0, device.Length).Where(e => !e.IsZero).Sum(e => e.Length), 2 * noise.Length, 12 << 20);
    }
}
