using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vhdx;

public sealed class VhdxDiskTests : IDisposable
{
    private const int BlockSize = 1 << 20;
    private const int SectorSize = 512;
    private const int LogSector = 4096;
    private const ulong Present = 6;
    private const ulong PartlyPresent = 7;

    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(16 << 20);

    public void Dispose() => _folder.Dispose();

    private VhdxImage Create(string name = "disk.vhdx")
    {
        QemuImg.Require();
        QemuImg.Run("convert", "-f", "raw", "-O", "vhdx", "-o", $"block_size={BlockSize}", SampleDisk.Write(_folder, _disk), _folder[name]);
        return new VhdxImage(File.ReadAllBytes(_folder[name]));
    }

    private byte[] Read(VhdxImage image, string name = "disk.vhdx")
    {
        _folder.Write(name, image.Bytes);
        using BlockDevice device = DiskImages.Open(_folder[name]);
        byte[] disk = new byte[device.Length];
        device.Read(0, disk);
        return disk;
    }

    /// <summary>Leaves three log entries behind that swap two blocks of the disk, write a sector of it, and clear a part of another block.</summary>
    private VhdxImage CreateDirty(int start, bool hasOlder = true)
    {
        VhdxImage image = Create();
        var log = Guid.NewGuid();
        image.SetLogGuid(log);
        byte[] table = image.Bytes.AsSpan(image.BlockTable, LogSector).ToArray();
        byte[] swapped = [.. table[8..16], .. table[..8], .. table[16..]];
        long first = (long)(image.Entry(1) >> 20 << 20);
        long second = (long)(image.Entry(0) >> 20 << 20);
        byte[] noise = new byte[LogSector];
        new Random(9).NextBytes(noise);
        int at = start;
        int tail = at % image.LogLength;
        at += image.WriteLogEntry(at % image.LogLength, tail, 71, log, (first + LogSector, noise[..2048].Concat(new byte[2048]).ToArray(), 0));
        at += image.WriteLogEntry(at % image.LogLength, tail, 72, log, (image.BlockTable, swapped, 0), (first + LogSector, noise, 0));
        at += image.WriteLogEntry(at % image.LogLength, tail, 73, log, (second + (64 << 10), null, 32 << 10));

        // An older sequence of the same log, which does not count any more.
        if (hasOlder)
        {
            image.WriteLogEntry(at % image.LogLength, at % image.LogLength, 5, log, (first, new byte[LogSector], 0));
        }

        byte[] block = _disk.AsSpan(BlockSize, BlockSize).ToArray();
        noise.CopyTo(block, LogSector);
        _disk.AsSpan(0, BlockSize).CopyTo(_disk.AsSpan(BlockSize));
        block.CopyTo(_disk, 0);
        _disk.AsSpan(BlockSize + (64 << 10), 32 << 10).Clear();
        return image;
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData((1 << 20) - (3 * LogSector), false)]
    [InlineData((1 << 20) - (3 * LogSector), true)]
    [InlineData((1 << 20) - (4 * LogSector), false)]
    public void An_image_that_was_not_closed_is_read_with_its_log_replayed(int start, bool hasOlder)
    {
        VhdxImage image = CreateDirty(start, hasOlder);
        byte[] before = (byte[])image.Bytes.Clone();
        _folder.Write("disk.vhdx", image.Bytes);
        using (BlockDevice device = DiskImages.Open(_folder["disk.vhdx"]))
        {
            DiskAssert.Holds(_disk, device);
        }

        Assert.Equal("DiskNotClosed", Assert.Single(DiskImages.Inspect(_folder["disk.vhdx"]).Concerns).Id);
        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(_folder["disk.vhdx"])), "the image was written");

        // QEMU replays the same log into the file, if all of it stands in order; else it may take a part of it for the whole.
        if (hasOlder || start > 0)
        {
            return;
        }

        QemuImg.Run("check", "-f", "vhdx", "-r", "all", _folder["disk.vhdx"]);
        QemuImg.Run("convert", "-f", "vhdx", "-O", "raw", _folder["disk.vhdx"], _folder["replayed.raw"]);
        Assert.Equal(-1, DiskAssert.FirstDifference(_disk, File.ReadAllBytes(_folder["replayed.raw"])));
    }

    [Fact]
    public void A_log_whose_newest_sequence_is_not_complete_gives_way_to_the_one_before()
    {
        VhdxImage image = Create();
        var log = Guid.NewGuid();
        image.SetLogGuid(log);
        long block = (long)(image.Entry(0) >> 20 << 20);
        byte[] noise = new byte[LogSector];
        new Random(10).NextBytes(noise);
        int at = image.WriteLogEntry(0, 0, 10, log, (block, noise, 0));
        // Its tail is not there: the entry before it was never written.
        image.WriteLogEntry(at + (8 * LogSector), at, 12, log, (block, new byte[LogSector], 0));
        noise.CopyTo(_disk, 0);
        Assert.Equal(-1, DiskAssert.FirstDifference(_disk, Read(image)));
    }

    [Fact]
    public void An_image_that_was_not_closed_and_has_no_log_is_refused()
    {
        VhdxImage image = Create();
        image.SetLogGuid(Guid.NewGuid());
        Assert.Equal(V2VError.DiskImageCorrupt, Assert.Throws<DiskImageException>(() => Read(image)).Error);
    }

    /// <summary>A differencing image with whole blocks, partly written ones and zeroed ones of its own.</summary>
    private VhdxImage CreateChild(string path, Guid linkage, int seed = 3, int unit = 1, bool hasZeroed = true)
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "vhdx", "-o", $"block_size={BlockSize},block_state_zero=off", _folder["child.vhdx"], "16M");
        var image = new VhdxImage(File.ReadAllBytes(_folder["child.vhdx"]));
        image.MakeDifferencing(
            ("parent_linkage", linkage.ToString("B")), ("relative_path", path), ("absolute_win32_path", @"C:\Hyper-V\other.vhdx"));
        var random = new Random(seed);
        byte[] bitmaps = new byte[1 << 20];
        byte[] content = new byte[BlockSize];
        foreach (int block in (int[])[0, seed, 6, 15])
        {
            random.NextBytes(content);
            image.SetEntry(block, (ulong)image.Append(content) | PartlyPresent);
            for (int first = 0; first < BlockSize / SectorSize; first += unit)
            {
                bool isOwn = random.Next(2) == 0 || first is > 300 and < 900;
                for (int sector = first; isOwn && sector < first + unit; sector++)
                {
                    int bit = (block * (BlockSize / SectorSize)) + sector;
                    bitmaps[bit / 8] |= (byte)(1 << (bit % 8));
                    content.AsSpan(sector * SectorSize, SectorSize).CopyTo(_disk.AsSpan((block * BlockSize) + (sector * SectorSize)));
                }
            }
        }

        random.NextBytes(content);
        image.SetEntry(4, (ulong)image.Append(content) | Present);
        content.CopyTo(_disk, 4 * BlockSize);
        if (hasZeroed)
        {
            image.SetEntry(1, 2);
            _disk.AsSpan(BlockSize, BlockSize).Clear();
        }

        // With blocks of 1 MiB there is a bitmap for each 4096 of them.
        image.SetEntry(4096, (ulong)image.Append(bitmaps) | Present);
        return image;
    }

    [Theory]
    [InlineData(@".\base.vhdx")]
    [InlineData(@"..\Templates\base.vhdx")]
    public void A_differencing_disk_reads_over_its_parent(string path)
    {
        VhdxImage parent = Create("base.vhdx");
        _folder.Write("child.vhdx", CreateChild(path, parent.DataWriteGuid).Bytes);
        Assert.StartsWith("differencing", DiskImages.Inspect(_folder["child.vhdx"]).Detail, StringComparison.Ordinal);
        using BlockDevice device = DiskImages.Open(_folder["child.vhdx"]);
        DiskAssert.Holds(_disk, device);
    }

    [Fact]
    public void A_chain_of_three_reads_as_under_libvhdi()
    {
        VhdxImage parent = Create("base.vhdx");
        // libvhdi looks at bitmaps by their bytes, and reads a block that is said to be zeros from the parent, against [MS-VHDX] 2.5.1.1.
        VhdxImage one = CreateChild(@".\base.vhdx", parent.DataWriteGuid, unit: 8, hasZeroed: false);
        _folder.Write("one.avhdx", one.Bytes);
        _folder.Write("two.avhdx", CreateChild(@".\one.avhdx", one.DataWriteGuid, seed: 5, unit: 8, hasZeroed: false).Bytes);
        using (BlockDevice device = DiskImages.Open(_folder["two.avhdx"]))
        {
            DiskAssert.Holds(_disk, device);
        }

        Assert.Equal(-1, DiskAssert.FirstDifference(_disk, LibVhdi.ReadDisk(_folder, _folder["base.vhdx"], _folder["one.avhdx"], _folder["two.avhdx"])));
    }

    [Fact]
    public void A_parent_that_was_changed_is_refused()
    {
        VhdxImage parent = Create("base.vhdx");
        _folder.Write("child.vhdx", CreateChild(@".\base.vhdx", parent.DataWriteGuid).Bytes);
        parent.SetDataWriteGuid(Guid.NewGuid());
        _folder.Write("base.vhdx", parent.Bytes);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["child.vhdx"]));
        Assert.Equal(V2VError.DiskImageCorrupt, e.Error);
        Assert.Contains(parent.DataWriteGuid.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sectors_of_four_kilobytes_are_refused_by_name()
    {
        VhdxImage image = Create();
        // The logical sector size is one of the items that follow the metadata table; QEMU writes 512 there and 4096 for the physical one.
        int at = image.Bytes.AsSpan(0, 4 << 20).IndexOf<byte>([0x00, 0x02, 0, 0, 0x00, 0x10, 0, 0]);
        at = at < 0 ? image.Bytes.AsSpan(0, 4 << 20).IndexOf<byte>([0x00, 0x02, 0, 0, 0x00, 0x02, 0, 0]) : at;
        Assert.True(at > 0, "the sector sizes are not where they were expected");
        image.Bytes[at + 1] = 0x10;
        var e = Assert.Throws<DiskImageException>(() => Read(image));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.Contains("4096", e.Message, StringComparison.Ordinal);
        Assert.Contains("New-VHD", e.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_chains_are_refused_or_read()
    {
        VhdxImage parent = Create("base.vhdx");
        VhdxImage child = CreateChild(@".\base.vhdx", parent.DataWriteGuid);
        int end = child.BlockTable + (9 * LogSector);
        _folder.Write("child.vhdx", child.Bytes);
        Mutations.Check(child.Bytes[..end], end, 150, i =>
        {
            // What follows stays as it is, unless the image is cut.
            string name = i.Length < end ? "cut.vhdx" : "child.vhdx";
            using (FileStream file = File.OpenWrite(_folder[name]))
            {
                file.Write(i);
                file.SetLength(i.Length < end ? i.Length : child.Bytes.Length);
            }

            Mutations.ReadThrough(DiskImages.Open(_folder[name]));
        }, Fix);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_images_are_refused_or_read(bool isDirty)
    {
        VhdxImage image = isDirty ? CreateDirty(0) : Create();
        int end = image.BlockTable + LogSector;
        Mutations.Check(
            image.Bytes[..(6 << 20)], end, 500, i => Mutations.ReadThrough(DiskImages.Open(new MemoryFile(i, "/memory/disk.vhdx"))), Fix);
    }

    /// <summary>Makes the checksums right, so that readers get to what else is damaged.</summary>
    private static void Fix(byte[] image)
    {
        if (image.Length >= 320 << 10)
        {
            VhdxImage.Checksum(image.AsSpan(64 << 10, 4096));
            VhdxImage.Checksum(image.AsSpan(128 << 10, 4096));
            VhdxImage.Checksum(image.AsSpan(192 << 10, 64 << 10));
            VhdxImage.Checksum(image.AsSpan(256 << 10, 64 << 10));
        }
    }
}
