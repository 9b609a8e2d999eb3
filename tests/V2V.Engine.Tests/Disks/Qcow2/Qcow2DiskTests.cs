using System.Buffers.Binary;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Qcow2;

public sealed class Qcow2DiskTests : IDisposable
{
    private const int IncompatibleFeatures = 72;

    private readonly TestFolder _folder = new();
    private byte[] _disk = SampleDisk.Create(40 << 20);

    public void Dispose() => _folder.Dispose();

    private string Convert(string options = "compat=1.1", bool compressed = false, byte[]? disk = null)
    {
        QemuImg.Require();
        string raw = SampleDisk.Write(_folder, disk ?? _disk);
        QemuImg.Run(["convert", "-f", "raw", "-O", "qcow2", "-o", options, .. compressed ? new[] { "-c" } : [], raw, _folder["disk.qcow2"]]);
        return _folder["disk.qcow2"];
    }

    private static BlockDevice Open(byte[] image) => DiskImages.Open(new MemoryFile(image, "/memory/disk.qcow2"));

    private void Write(string image, int offset, int length, byte pattern, string flags = "")
    {
        QemuImg.Io("qcow2", _folder[image], $"write {flags} {(flags == "-z" ? "" : $"-P {pattern}")} {offset} {length}");
        _disk.AsSpan(offset, length).Fill(flags == "-z" ? (byte)0 : pattern);
    }

    [Theory]
    [InlineData("raw", "compat=1.1")]
    [InlineData("raw", "extended_l2=on,cluster_size=64k")]
    [InlineData("vmdk", "compat=1.1")]
    [InlineData("qcow2", "compat=0.10")]
    public void A_chain_with_zeroed_and_partly_written_clusters_reads_as_its_last_state(string baseFormat, string options)
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", baseFormat, SampleDisk.Write(_folder, _disk), _folder["base"]);
        QemuImg.Run("create", "-f", "qcow2", "-o", options, "-b", "base", "-F", baseFormat, _folder["one.qcow2"]);
        Write("one.qcow2", 3_000_000 / 512 * 512, 700 << 10, 0x11);
        Write("one.qcow2", 9 << 20, 1024, 0x12);
        Write("one.qcow2", 1 << 20, 512 << 10, 0, "-z");
        QemuImg.Run("create", "-f", "qcow2", "-b", "one.qcow2", "-F", "qcow2", _folder["two.qcow2"], "44M");
        Array.Resize(ref _disk, 44 << 20);
        Write("two.qcow2", 43 << 20, 4096, 0x21);
        Write("two.qcow2", 45 << 16, 128 << 10, 0x22, "-c");
        using BlockDevice device = DiskImages.Open(_folder["two.qcow2"]);
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    [Shows("InternalSnapshots")]
    public void Snapshots_are_ignored_and_reported()
    {
        string path = Convert();
        QemuImg.Run("snapshot", "-c", "before", path);
        Write("disk.qcow2", 5 << 20, 100 << 10, 0x77);
        QemuImg.Run("snapshot", "-c", "between", path);
        Write("disk.qcow2", 0, 100 << 10, 0x78);
        Assert.Equal("InternalSnapshots", Assert.Single(DiskImages.Inspect(path).Concerns).Id);
        using BlockDevice device = DiskImages.Open(path);
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    public void A_dirty_image_is_read_and_a_corrupt_one_is_not()
    {
        byte[] image = File.ReadAllBytes(Convert());
        image[IncompatibleFeatures + 7] |= 1;
        using (BlockDevice device = Open(image))
        {
            DiskAssert.Holds(_disk, device);
        }

        image[IncompatibleFeatures + 7] |= 2;
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => Open(image)).Error);
    }

    [Fact]
    public void Unknown_features_are_refused_by_the_names_that_the_image_gives_them()
    {
        byte[] image = File.ReadAllBytes(Convert());
        int name = image.AsSpan(0, 65536).IndexOf("dirty bit"u8);
        Assert.True(name > 0);
        // The table's entry for the dirty bit now speaks of bit 40.
        image[name - 1] = 40;
        image[IncompatibleFeatures + 2] = 1;
        image[IncompatibleFeatures] = 0x80;
        var e = Assert.Throws<DiskImageException>(() => Open(image));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("dirty bit (bit 40)", e.Message, StringComparison.Ordinal);
        Assert.Contains("bit 63", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encrypted_images_are_refused_by_name()
    {
        byte[] image = File.ReadAllBytes(Convert());
        foreach ((byte method, string name) in new[] { ((byte)1, "AES"), ((byte)2, "LUKS"), ((byte)9, "method 9") })
        {
            image[35] = method;
            Assert.Contains(name, Assert.Throws<DiskImageException>(() => Open(image)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_external_data_file_is_confined_to_the_folder_and_may_be_missing_or_short()
    {
        QemuImg.Require();
        string guest = Directory.CreateDirectory(_folder["guest"]).FullName;
        string image = Path.Combine(guest, "disk.qcow2");
        QemuImg.Run("create", "-f", "qcow2", "-o", $"data_file={_folder["data.raw"]}", image, "1M");
        QemuImg.Io("qcow2", image, "write -P 5 0 1M");
        Assert.Equal(V2VError.DiskImageOutsideFolder, Assert.Throws<DiskImageException>(() => DiskImages.Open(image)).Error);
        var allowed = new DiskOpenOptions { AllowOutsideFolder = [_folder.Path] };
        byte[] disk = [.. Enumerable.Repeat((byte)5, 1 << 20)];
        using (BlockDevice device = DiskImages.Open(image, allowed))
        {
            DiskAssert.Holds(disk, device);
        }

        // As QEMU reads it.
        File.WriteAllBytes(_folder["data.raw"], disk[..700_000]);
        disk.AsSpan(700_000).Clear();
        using (BlockDevice device = DiskImages.Open(image, allowed))
        {
            DiskAssert.Holds(disk, device);
        }

        File.Delete(_folder["data.raw"]);
        Assert.Equal(V2VError.DiskImageNotFound, Assert.Throws<DiskImageException>(() => DiskImages.Open(image, allowed)).Error);

        byte[] nameless = File.ReadAllBytes(image);
        nameless[nameless.AsSpan().IndexOf("DATA"u8)] = (byte)'X';
        Assert.Contains("external", Assert.Throws<DiskImageException>(() => Open(nameless)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nbd://localhost/disk")]
    [InlineData("json:{\"driver\":\"qcow2\"}")]
    [InlineData("../other.raw")]
    [InlineData("/etc/passwd")]
    public void A_backing_file_elsewhere_is_refused(string backing)
    {
        byte[] image = File.ReadAllBytes(Convert());
        int offset = 60_000;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(backing);
        name.CopyTo(image, offset);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(8), (ulong)offset);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(16), (uint)name.Length);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("overlay.qcow2", image)));
        Assert.Equal(backing.Contains(':', StringComparison.Ordinal) ? V2VError.DiskImageUnsupported : V2VError.DiskImageOutsideFolder, e.Error);
    }

    [Fact]
    public void A_backing_file_of_untold_format_is_believed_only_if_name_and_content_agree()
    {
        QemuImg.Require();
        SampleDisk.Write(_folder, _disk, "base.raw");
        File.Copy(_folder["base.raw"], _folder["base"]);
        QemuImg.Run("create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", _folder["told.qcow2"]);
        byte[] image = File.ReadAllBytes(_folder["told.qcow2"]);
        int format = image.AsSpan(0, 65536).IndexOf((ReadOnlySpan<byte>)[0xE2, 0x79, 0x2A, 0xCA]);
        image[format] = 0x11;
        using (BlockDevice device = DiskImages.Open(_folder.Write("untold.qcow2", image)))
        {
            DiskAssert.Holds(_disk, device);
        }

        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(16), 4);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder.Write("nameless.qcow2", image)));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("rebase", e.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_images_with_an_external_data_file_are_refused_or_read()
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "qcow2", "-o", $"data_file={_folder["data.img"]},cluster_size=4k", _folder["disk.qcow2"], "1M");
        QemuImg.Io("qcow2", _folder["disk.qcow2"], "write -P 5 0 300k", "write -z 64k 64k");
        byte[] image = File.ReadAllBytes(_folder["disk.qcow2"]);
        int l1 = (int)BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(40));
        int l2 = (int)(BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(l1)) & 0xFFFFFFFFFFFE00);
        Mutations.Check(image, 160, 250, i => Mutations.ReadThrough(DiskImages.Open(_folder.Write("disk.qcow2", i))));
        Mutations.Check(image[l2..], 600, 250, i => Mutations.ReadThrough(DiskImages.Open(_folder.Write("disk.qcow2", [.. image[..l2], .. i]))));
    }

    [Theory]
    [InlineData("compat=1.1", false)]
    [InlineData("compat=0.10,cluster_size=512", false)]
    [InlineData("compression_type=zlib,cluster_size=4k", true)]
    [InlineData("compression_type=zstd", true)]
    [InlineData("extended_l2=on,cluster_size=16k", false)]
    public void Damaged_images_end_in_the_engine_s_exception(string options, bool compressed)
    {
        byte[] image = File.ReadAllBytes(Convert(options, compressed, SampleDisk.Create(2 << 20)));
        Mutations.Check(image, 112, 200, i => Mutations.ReadThrough(Open(i)));
        int l1 = (int)BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(40));
        int l2 = (int)(BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan(l1)) & 0xFFFFFFFFFFFE00);
        Mutations.Check(image[l1..], 8, 60, i => Mutations.ReadThrough(Open([.. image[..l1], .. i])));
        Mutations.Check(image[l2..], 512, 100, i => Mutations.ReadThrough(Open([.. image[..l2], .. i])));
        if (compressed)
        {
            Mutations.Check(image, image.Length, 150, i => Mutations.ReadThrough(Open(i)));
        }
    }
}
