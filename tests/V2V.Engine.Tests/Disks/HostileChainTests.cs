using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using V2V.Engine.Disks;
using V2V.Engine.Tests.Disks.Vhd;
using V2V.Engine.Tests.Disks.Vhdx;
using Xunit;

namespace V2V.Engine.Tests.Disks;

/// <summary>Images that lead to themselves, too far, or demand too much of who opens them.</summary>
public sealed class HostileChainTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private DiskImageException Refused(string image)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder[image]));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 256 << 20, "that took too much memory");
        return e;
    }

    /// <summary>Puts another name of the same length in place of the one that an image refers to.</summary>
    private void Rename(string image, string from, string to)
    {
        byte[] bytes = File.ReadAllBytes(_folder[image]);
        int at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(from));
        Assert.True(at > 0 && from.Length == to.Length);
        Encoding.ASCII.GetBytes(to, bytes.AsSpan(at));
        File.WriteAllBytes(_folder[image], bytes);
    }

    [Theory]
    [InlineData("qcow2")]
    [InlineData("qcow")]
    [InlineData("qed")]
    public void QEMU_s_overlays_that_lead_back_to_themselves_are_refused(string format)
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", format, _folder[$"0.{format}"], "1M");
        QemuImg.Run("create", "-f", format, "-b", $"0.{format}", "-F", format, _folder[$"a.{format}"]);
        File.Copy(_folder[$"a.{format}"], _folder[$"b.{format}"]);
        Rename($"a.{format}", $"0.{format}", $"b.{format}");
        Rename($"b.{format}", $"0.{format}", $"a.{format}");
        Assert.Contains("back to itself", Refused($"a.{format}").Message, StringComparison.Ordinal);

        Rename($"a.{format}", $"b.{format}", $"a.{format}");
        Assert.Contains("back to itself", Refused($"a.{format}").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VHD_that_leads_back_to_itself_is_refused()
    {
        byte[] disk = new byte[1 << 20];
        var a = Guid.NewGuid();
        var b = Guid.NewGuid();
        _folder.Write("self.vhd", new VhdWriter { Id = a, ParentId = a, ParentName = "self.vhd", RelativePath = @".\self.vhd" }.Write(disk, [1]));
        _folder.Write("a.vhd", new VhdWriter { Id = a, ParentId = b, ParentName = "b.vhd", RelativePath = @".\b.vhd" }.Write(disk, [1]));
        _folder.Write("b.vhd", new VhdWriter { Id = b, ParentId = a, ParentName = "a.vhd", RelativePath = @".\a.vhd" }.Write(disk, [1]));
        Assert.Contains("back to itself", Refused("self.vhd").Message, StringComparison.Ordinal);
        Assert.Contains("back to itself", Refused("a.vhd").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VHDX_that_leads_back_to_itself_is_refused()
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "vhdx", _folder["0.vhdx"], "1M");
        foreach ((string name, string parent) in (ReadOnlySpan<(string, string)>)[("self", "self"), ("a", "b"), ("b", "a")])
        {
            var image = new VhdxImage(File.ReadAllBytes(_folder["0.vhdx"]));
            image.MakeDifferencing(("parent_linkage", image.DataWriteGuid.ToString("B")), ("relative_path", $@".\{parent}.vhdx"));
            _folder.Write($"{name}.vhdx", image.Bytes);
        }

        Assert.Contains("back to itself", Refused("self.vhdx").Message, StringComparison.Ordinal);
        Assert.Contains("back to itself", Refused("a.vhdx").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VDI_that_leads_back_to_itself_is_refused()
    {
        const int type = 76;
        const int imageId = 392;
        const int parentId = 424;
        QemuImg.Require();
        QemuImg.Run("create", "-f", "vdi", _folder["0.vdi"], "1M");
        byte[] image = File.ReadAllBytes(_folder["0.vdi"]);
        File.Delete(_folder["0.vdi"]);
        image[type] = 4;
        byte[] own = image[imageId..(imageId + 16)];
        own.CopyTo(image, parentId);
        _folder.Write("self.vdi", image);
        Assert.Contains("back to itself", Refused("self.vdi").Message, StringComparison.Ordinal);
        File.Delete(_folder["self.vdi"]);

        image[parentId] ^= 1;
        _folder.Write("a.vdi", image);
        own.CopyTo(image, parentId);
        image[imageId] ^= 1;
        _folder.Write("b.vdi", image);
        Assert.Contains("back to itself", Refused("a.vdi").Message, StringComparison.Ordinal);
    }

    /// <summary>Each image builds upon the next one; the last one upon nothing.</summary>
    private void WriteChain(int length)
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "qcow2", "-o", "cluster_size=512", _folder["000.qcow2"], "64k");
        QemuImg.Io("qcow2", _folder["000.qcow2"], "write -P 7 0 64k");
        QemuImg.Run("create", "-f", "qcow2", "-o", "cluster_size=512", "-b", "000.qcow2", "-F", "qcow2", _folder["001.qcow2"]);
        for (int i = 2; i < length; i++)
        {
            string name = i.ToString("d3", CultureInfo.InvariantCulture) + ".qcow2";
            File.Copy(_folder["001.qcow2"], _folder[name]);
            Rename(name, "000.qcow2", (i - 1).ToString("d3", CultureInfo.InvariantCulture) + ".qcow2");
        }
    }

    [Fact]
    public void A_chain_is_followed_to_its_limit_and_no_further()
    {
        WriteChain(257);
        using (BlockDevice device = DiskImages.Open(_folder["255.qcow2"]))
        {
            DiskAssert.Holds([.. Enumerable.Repeat((byte)7, 64 << 10)], device);
        }

        Assert.Contains("256 parents", Refused("256.qcow2").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void A_descriptor_may_list_thousands_of_extents(int count, bool isPossible)
    {
        _folder.Write("d-flat.vmdk", [.. Enumerable.Repeat((byte)3, 1024)]);
        string extents = string.Concat(Enumerable.Range(0, count).Select(i => i % 16 == 0 ? "RW 1 FLAT \"d-flat.vmdk\" 1\n" : "RW 3 ZERO\n"));
        _folder.Write("d.vmdk", "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentFlat\"\n" + extents);
        if (!isPossible)
        {
            Assert.Contains("4097 extents", Refused("d.vmdk").Message, StringComparison.Ordinal);
            return;
        }

        byte[] expected = new byte[count * 46 / 16 * 512];
        for (int i = 0; i < count / 16; i++)
        {
            expected.AsSpan(i * 46 * 512, 512).Fill(3);
        }

        using BlockDevice device = DiskImages.Open(_folder["d.vmdk"]);
        DiskAssert.Holds(expected, device);
    }

    [Fact]
    public void A_descriptor_of_five_megabytes_is_refused()
    {
        _folder.Write("d.vmdk", "# Disk DescriptorFile\nversion=1\nCID=1\n" + new string('#', 5 << 20));
        Assert.Contains("not possible", Refused("d.vmdk").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Extents_that_each_demand_a_large_table_are_refused_together()
    {
        // One sparse file whose header claims 256 TiB, named by every line: 32 MiB of directory each.
        byte[] header = new byte[512];
        "KDMV"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), 1);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(12), 512L << 30);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(20), 128);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(44), 512);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(56), 1);
        using (FileStream extent = File.Create(_folder["s.vmdk"]))
        {
            extent.Write(header);
            extent.SetLength(64 << 20);
        }

        string lines = string.Concat(Enumerable.Repeat("RW 4096 SPARSE \"s.vmdk\"\n", 1000));
        _folder.Write("d.vmdk", "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentSparse\"\n" + lines);
        var e = Assert.Throws<DiskImageException>(() => DiskImages.Open(_folder["d.vmdk"]));
        Assert.Contains("in memory", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Advice);
    }

    /// <summary>Every sector of the log begins what says to be an entry of its full length: summing up each would take long for a large log.</summary>
    [Fact]
    public void A_log_of_overlapping_entries_is_given_up()
    {
        QemuImg.Require();
        QemuImg.Run("create", "-f", "vhdx", "-o", "log_size=32M", _folder["d.vhdx"], "1M");
        var image = new VhdxImage(File.ReadAllBytes(_folder["d.vhdx"]));
        var log = Guid.NewGuid();
        image.SetLogGuid(log);
        for (int at = 0; at < image.LogLength; at += 4096)
        {
            Span<byte> entry = image.Bytes.AsSpan(image.LogOffset + at, 64);
            "loge"u8.CopyTo(entry);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], image.LogLength);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], 1 + at);
            log.TryWriteBytes(entry[32..]);
        }

        _folder.Write("d.vhdx", image.Bytes);
        Assert.Contains("log", Refused("d.vhdx").Message, StringComparison.Ordinal);
    }
}
