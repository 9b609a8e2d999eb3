using System.Buffers.Binary;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vdi;

public sealed class VdiDiskTests : IDisposable
{
    private const int BlockSize = 1 << 20;
    private const int Type = 76;
    private const int Blocks = 384;
    private const int MapOffset = 340;
    private const int DataOffset = 344;
    private const int ImageId = 392;
    private const int ModificationId = 408;
    private const int ParentId = 424;
    private const int ParentModificationId = 440;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// A base that QEMU made and a differencing image on it. QEMU makes none, so an empty one is made into one: the blocks that were written
    /// are its own, one is said to be zeros, the rest are the base's.
    /// </summary>
    private byte[] WriteChain(string child = "child.vdi")
    {
        QemuImg.Require();
        byte[] disk = SampleDisk.Create(16 << 20);
        QemuImg.Run("convert", "-f", "raw", "-O", "vdi", SampleDisk.Write(_folder, disk), _folder["base.vdi"]);
        QemuImg.Run("create", "-f", "vdi", _folder[child], "16M");
        foreach (int block in (int[])[0, 7, 9])
        {
            QemuImg.Io("vdi", _folder[child], $"write -P {0x40 + block} {block * BlockSize} {BlockSize}");
            disk.AsSpan(block * BlockSize, BlockSize).Fill((byte)(0x40 + block));
        }

        byte[] image = File.ReadAllBytes(_folder[child]);
        byte[] parent = File.ReadAllBytes(_folder["base.vdi"]);
        image[Type] = 4;
        parent.AsSpan(ImageId, 16).CopyTo(image.AsSpan(ParentId));
        parent.AsSpan(ModificationId, 16).CopyTo(image.AsSpan(ParentModificationId));
        int map = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(MapOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(map + (2 * 4)), uint.MaxValue - 1);
        disk.AsSpan(2 * BlockSize, BlockSize).Clear();
        File.WriteAllBytes(_folder[child], image);
        return disk;
    }

    [Fact]
    public void A_differencing_image_finds_its_parent_by_id_whatever_that_is_called()
    {
        byte[] disk = WriteChain();
        File.Move(_folder["base.vdi"], _folder["{2f5a}.vdi"]);
        _folder.Write("another guest's.vdi", new byte[100]);
        Assert.Equal("differencing", DiskImages.Inspect(_folder["child.vdi"]).Detail);
        using BlockDevice device = DiskImages.Open(_folder["child.vdi"]);
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void A_chain_of_three_reads_as_its_last_state()
    {
        byte[] disk = WriteChain();
        byte[] top = File.ReadAllBytes(_folder["child.vdi"]);
        byte[] middle = (byte[])top.Clone();
        // The middle image becomes one of its own, with other contents in blocks 0 and 9, which the top hides, and 7, which the top has not.
        middle[ImageId] ^= 0x55;
        middle[ModificationId] ^= 0x55;
        int data = BinaryPrimitives.ReadInt32LittleEndian(middle.AsSpan(DataOffset));
        middle.AsSpan(data, middle.Length - data).Fill(0x7A);
        middle.AsSpan(ImageId, 16).CopyTo(top.AsSpan(ParentId));
        middle.AsSpan(ModificationId, 16).CopyTo(top.AsSpan(ParentModificationId));
        int map = BinaryPrimitives.ReadInt32LittleEndian(top.AsSpan(MapOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(top.AsSpan(map + (7 * 4)), uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(top.AsSpan(map + (2 * 4)), uint.MaxValue);
        disk.AsSpan(7 * BlockSize, BlockSize).Fill(0x7A);
        _folder.Write("child.vdi", top);
        _folder.Write("middle.vdi", middle);
        using BlockDevice device = DiskImages.Open(_folder["child.vdi"]);
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void A_parent_in_another_folder_is_found_when_that_is_allowed()
    {
        byte[] disk = WriteChain();
        string snapshots = Directory.CreateDirectory(_folder["Snapshots"]).FullName;
        File.Move(_folder["child.vdi"], Path.Combine(snapshots, "child.vdi"));
        string child = Path.Combine(snapshots, "child.vdi");
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(child));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Contains(new Guid(File.ReadAllBytes(child).AsSpan(ParentId, 16)).ToString(), e.Message, StringComparison.Ordinal);
        using BlockDevice device = DiskImages.Open(child, new DiskOpenOptions { AllowOutsideFolder = [_folder.Path] });
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void A_link_to_a_parent_elsewhere_is_not_followed()
    {
        WriteChain();
        string elsewhere = Directory.CreateDirectory(_folder["elsewhere"]).FullName;
        string guest = Directory.CreateDirectory(_folder["guest"]).FullName;
        File.Move(_folder["base.vdi"], Path.Combine(elsewhere, "base.vdi"));
        File.Move(_folder["child.vdi"], Path.Combine(guest, "child.vdi"));
        File.CreateSymbolicLink(Path.Combine(guest, "base.vdi"), Path.Combine(elsewhere, "base.vdi"));
        Assert.Equal(V2VError.DiskImageNotFound, Assert.Throws<DiskImageException>(() => DiskImages.Open(Path.Combine(guest, "child.vdi"))).Error);
    }

    [Fact]
    public void A_parent_that_was_changed_is_refused()
    {
        WriteChain();
        byte[] parent = File.ReadAllBytes(_folder["base.vdi"]);
        parent[ModificationId] ^= 1;
        File.WriteAllBytes(_folder["base.vdi"], parent);
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["child.vdi"])).Error);
    }

    [Fact]
    public void Bytes_before_each_block_are_skipped()
    {
        byte[] disk = WriteChain();
        byte[] image = File.ReadAllBytes(_folder["base.vdi"]);
        int data = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(DataOffset));
        const int extra = 512;
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(380), extra);
        var spread = new List<byte>(image[..data]);
        for (int at = data; at < image.Length; at += BlockSize)
        {
            spread.AddRange(new byte[extra]);
            spread.AddRange(image[at..(at + BlockSize)]);
        }

        using BlockDevice plain = DiskImages.Open(_folder["base.vdi"]);
        byte[] expected = new byte[disk.Length];
        plain.Read(0, expected);
        using BlockDevice device = DiskImages.Open(new MemoryFile([.. spread], "/memory/disk.vdi"));
        DiskAssert.Holds(expected, device);
    }

    [Fact]
    public void An_undo_image_is_refused_by_name()
    {
        WriteChain();
        byte[] image = File.ReadAllBytes(_folder["base.vdi"]);
        image[Type] = 3;
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(new MemoryFile(image, "/memory/disk.vdi")));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.NotNull(e.Advice);
    }

    [Fact]
    public void Damaged_images_are_refused_or_read()
    {
        WriteChain();
        byte[] image = File.ReadAllBytes(_folder["base.vdi"]);
        int map = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(MapOffset));
        int header = map + (4 * BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(Blocks)));
        Mutations.Check(image, header, 500, i => Mutations.ReadThrough(DiskImages.Open(new MemoryFile(i, "/memory/disk.vdi"))));
    }
}
