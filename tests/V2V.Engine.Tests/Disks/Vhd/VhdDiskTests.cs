using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vhd;

public sealed class VhdDiskTests : IDisposable
{
    private const int SectorSize = 512;

    private readonly TestFolder _folder = new();
    private readonly Guid _baseId = Guid.NewGuid();

    public void Dispose() => _folder.Dispose();

    /// <summary>A base and two differencing disks on it, each of which changes some sectors. Returns the disk as it is in the end.</summary>
    private byte[] WriteChain(int blockSize = 2 << 20, string relative = @".\base.vhd", string? absolute = null, Guid? parent = null, byte filler = 0xEE, int unit = 1, int size = 11 << 20)
    {
        byte[] disk = SampleDisk.Create(size);
        int[] all = [.. Enumerable.Range(0, disk.Length / SectorSize)];
        _folder.Write("base.vhd", new VhdWriter { Id = _baseId, BlockSize = blockSize, Filler = filler }.Write(disk, [.. all.Where(s => disk.AsSpan(s / unit * unit * SectorSize, unit * SectorSize).ContainsAnyExcept((byte)0))]));
        var one = new VhdWriter { ParentId = parent ?? _baseId, ParentName = "base.vhd", RelativePath = relative, AbsolutePath = absolute, BlockSize = blockSize, Filler = filler };
        _folder.Write("one.avhd", one.Write(disk, Change(disk, 1, unit)));
        var two = new VhdWriter { ParentId = one.Id, ParentName = "one.avhd", RelativePath = @".\one.avhd", BlockSize = blockSize, Filler = filler };
        _folder.Write("two.vhd", two.Write(disk, Change(disk, 2, unit)));
        return disk;
    }

    /// <summary>Changes runs of sectors, single ones, and zeroes some that hold data. Runs begin and end at multiples of the unit.</summary>
    private static HashSet<int> Change(byte[] disk, int seed, int unit)
    {
        var random = new Random(seed);
        var changed = new HashSet<int>();
        for (int i = 0; i < 60; i++)
        {
            int first = random.Next(disk.Length / SectorSize) / unit * unit;
            int count = Math.Min(((i % 3 == 0 ? 1 : random.Next(1, 700)) + unit - 1) / unit * unit, (disk.Length / SectorSize) - first);
            Span<byte> bytes = disk.AsSpan(first * SectorSize, count * SectorSize);
            if (i % 5 == 0)
            {
                bytes.Clear();
            }
            else
            {
                random.NextBytes(bytes);
            }

            changed.UnionWith(Enumerable.Range(first, count));
        }

        return changed;
    }

    [Theory]
    [InlineData(2 << 20)]
    [InlineData(512 << 10)]
    [InlineData(4096)]
    public void A_chain_of_differencing_disks_reads_as_its_last_state(int blockSize)
    {
        byte[] disk = WriteChain(blockSize);
        Assert.Equal("differencing", DiskImages.Inspect(_folder["two.vhd"]).Detail);
        using BlockDevice device = DiskImages.Open(_folder["two.vhd"]);
        DiskAssert.Holds(disk, device);
    }

    [Theory]
    [InlineData(2 << 20)]
    [InlineData(512 << 10)]
    public void Seven_zip_reads_the_same_chain(int blockSize)
    {
        // It takes sectors for damaged that hold something though they were never written.
        byte[] disk = WriteChain(blockSize, filler: 0);
        Assert.Equal(-1, DiskAssert.FirstDifference(disk, SevenZip.ReadDisk("vhd", _folder["two.vhd"])));
    }

    [Fact]
    public void Libvhdi_reads_the_same_chain()
    {
        // It looks at bitmaps by their bytes: what is written begins and ends with eight sectors.
        byte[] disk = WriteChain(unit: 8);
        using (BlockDevice device = DiskImages.Open(_folder["two.vhd"]))
        {
            DiskAssert.Holds(disk, device);
        }

        Assert.Equal(-1, DiskAssert.FirstDifference(disk, LibVhdi.ReadDisk(_folder, _folder["base.vhd"], _folder["one.avhd"], _folder["two.vhd"])));
    }

    [Fact]
    public void Qemu_reads_the_same_base()
    {
        QemuImg.Require();
        WriteChain(filler: 0);
        QemuImg.Run("convert", "-f", "vpc", "-O", "raw", _folder["base.vhd"], _folder["base.raw"]);
        using BlockDevice device = DiskImages.Open(_folder["base.vhd"]);
        DiskAssert.Holds(File.ReadAllBytes(_folder["base.raw"]), device);
    }

    [Theory]
    [InlineData(@"D:\Hyper-V\Virtual Hard Disks\base.vhd")]
    [InlineData(@"..\Templates\base.vhd")]
    public void A_path_of_another_machine_finds_the_parent_in_the_same_folder(string path)
    {
        byte[] disk = WriteChain(relative: path, absolute: @"C:\elsewhere\other.vhd");
        using BlockDevice device = DiskImages.Open(_folder["two.vhd"]);
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void A_parent_with_another_id_is_refused_with_both_ids()
    {
        var expected = Guid.NewGuid();
        WriteChain(parent: expected);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["two.vhd"]));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
        Assert.Contains(expected.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Contains(_baseId.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_parent_is_named()
    {
        WriteChain();
        File.Delete(_folder["base.vhd"]);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["two.vhd"]));
        Assert.Equal(V2VError.DiskImageNotFound, e.Error);
        Assert.Contains("base.vhd", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fixed_disk_ends_before_its_footer_whatever_it_is_called()
    {
        byte[] disk = SampleDisk.Create(5 << 20);
        _folder.Write("fixed.vhd", new VhdWriter().WriteFixed(disk));
        Assert.Equal("fixed", DiskImages.Inspect(_folder["fixed.vhd"]).Detail);
        using BlockDevice device = DiskImages.Open(_folder["fixed.vhd"]);
        DiskAssert.Holds(disk, device);

        // A raw disk may end with anything: its name is not overruled.
        _folder.Write("fixed.img", new VhdWriter().WriteFixed(disk));
        Assert.Equal(V2VError.DiskImageUnsupported, Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["fixed.img"])).Error);
        using BlockDevice raw = DiskImages.Open(_folder["fixed.img"], new DiskOpenOptions { Format = "raw" });
        Assert.Equal(disk.Length + SectorSize, raw.Length);
    }

    [Theory]
    [InlineData("vpc ", true)]
    [InlineData("qemu", true)]
    [InlineData("win ", false)]
    [InlineData("vbox", false)]
    [InlineData("tap\0", false)]
    [InlineData("qem2", false)]
    [InlineData("d2v ", false)]
    [InlineData("CTXS", false)]
    public void The_size_is_the_one_that_the_creator_showed_its_guests(string creator, bool isGeometry)
    {
        byte[] disk = SampleDisk.Create(5 << 20);
        _folder.Write("disk.vhd", new VhdWriter { Creator = creator }.WriteFixed(disk));
        long geometry = disk.Length / SectorSize / (4 * 17) * (4 * 17) * SectorSize;
        Assert.True(geometry < disk.Length);
        Assert.Equal(isGeometry ? geometry : disk.Length, DiskImages.Inspect(_folder["disk.vhd"]).Capacity);
        if (creator != "vbox")
        {
            // QEMU does not know VirtualBox, which shows the size, and cuts its disks to the geometry.
            QemuMap.Agrees(_folder, "vpc", _folder["disk.vhd"]);
        }
    }

    [Fact]
    public void A_damaged_footer_is_replaced_by_its_copy()
    {
        byte[] disk = WriteChain();
        byte[] image = File.ReadAllBytes(_folder["two.vhd"]);
        image[^400] ^= 0xFF;
        _folder.Write("two.vhd", image);
        using BlockDevice device = DiskImages.Open(_folder["two.vhd"]);
        DiskAssert.Holds(disk, device);
    }

    [Fact]
    public void A_suspended_machine_is_reported()
    {
        _folder.Write("disk.vhd", new VhdWriter { IsSuspended = true }.WriteFixed(SampleDisk.Create(4 << 20)));
        Assert.Equal("DiskNotClosed", Assert.Single(DiskImages.Inspect(_folder["disk.vhd"]).Concerns).Id);
    }

    [Fact]
    public void Damaged_chains_are_refused_or_read()
    {
        WriteChain(4096, size: 1 << 20);
        byte[] image = File.ReadAllBytes(_folder["one.avhd"]);
        Mutations.Check(image, 5 << 10, 250, i =>
        {
            File.WriteAllBytes(_folder["one.avhd"], i);
            Mutations.ReadThrough(DiskImages.Open(_folder["two.vhd"]));
        }, Fix);
    }

    [Fact]
    public void Damaged_images_are_refused_or_read()
    {
        byte[] disk = SampleDisk.Create(8 << 20);
        byte[] image = new VhdWriter { BlockSize = 1 << 20 }.Write(disk, [.. Enumerable.Range(0, 5000)]);
        Mutations.Check(image, 3200, 500, i => Mutations.ReadThrough(DiskImages.Open(new MemoryFile(i, "/memory/disk.vhd"))), Fix);
    }

    /// <summary>Makes the checksums right, so that readers get to what else is damaged.</summary>
    private static void Fix(byte[] image)
    {
        if (image.Length > 2048)
        {
            Checksum(image.AsSpan(0, 512), 64);
            Checksum(image.AsSpan(512, 1024), 36);
            // The copy is the one that is read.
            image[^1] ^= 1;
        }

        static void Checksum(Span<byte> structure, int field)
        {
            structure.Slice(field, 4).Clear();
            uint sum = 0;
            foreach (byte b in structure)
            {
                sum += b;
            }

            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(structure[field..], ~sum);
        }
    }
}
