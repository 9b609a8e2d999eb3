using System.Buffers.Binary;
using V2V.Engine.Disks;
using Xunit;

namespace V2V.Engine.Tests.Disks.Vmdk;

/// <summary>
/// Snapshots as ESX keeps them, which no tool at hand makes: put together here, over a flat base, and judged by QEMU, which reads both formats.
/// </summary>
public sealed class EsxSnapshotTests : IDisposable
{
    private const int SectorSize = 512;

    private readonly TestFolder _folder = new();
    private readonly byte[] _disk = SampleDisk.Create(40 << 20);
    private readonly Dictionary<int, byte[]> _grains = [];

    public void Dispose() => _folder.Dispose();

    /// <summary>A base, and grains of a snapshot that change it.</summary>
    private void CreateBase(int grainSize)
    {
        _folder.Write("guest-flat.vmdk", _disk);
        _folder.Write("guest.vmdk", Descriptor("vmfs", "VMFS", "guest-flat.vmdk", 0x11111111, null));
        var random = new Random(4);
        for (int i = 0; i < 90; i++)
        {
            int grain = i switch
            {
                0 => 0,
                1 => (_disk.Length / grainSize) - 1,
                _ => random.Next(_disk.Length / grainSize),
            };
            byte[] content = new byte[grainSize];
            random.NextBytes(content);
            _grains[grain] = content;
            content.CopyTo(_disk, grain * grainSize);
        }
    }

    private string Descriptor(string createType, string type, string file, uint id, uint? parent) =>
        $"# Disk DescriptorFile\nversion=1\nCID={id:x8}\nparentCID={parent ?? uint.MaxValue:x8}\ncreateType=\"{createType}\"\n"
        + (parent is null ? "" : "parentFileNameHint=\"guest.vmdk\"\n")
        + $"RW {_disk.Length / SectorSize} {type} \"{file}\"\n";

    private void Judge(string createType, string type, byte[] extent)
    {
        _folder.Write("guest-000001-data.vmdk", extent);
        _folder.Write("guest-000001.vmdk", Descriptor(createType, type, "guest-000001-data.vmdk", 0x22222222, 0x11111111));
        using (BlockDevice device = DiskImages.Open(_folder["guest-000001.vmdk"]))
        {
            DiskAssert.Holds(_disk, device);
        }

        QemuImg.Require();
        QemuImg.Run("convert", "-f", "vmdk", "-O", "raw", _folder["guest-000001.vmdk"], _folder["qemu.raw"]);
        Assert.Equal(-1, DiskAssert.FirstDifference(_disk, File.ReadAllBytes(_folder["qemu.raw"])));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(64 << 10)]
    public void An_ESX_server_sparse_snapshot_reads_over_its_base(int grainSize)
    {
        CreateBase(grainSize);
        Judge("vmfsSparse", "VMFSSPARSE", Cow(grainSize));
    }

    [Fact]
    public void A_space_efficient_snapshot_reads_over_its_base()
    {
        CreateBase(4096);
        byte[] extent = SeSparse();
        _disk.AsSpan(33 * 4096, 4096).Clear();
        _disk.AsSpan(35 * 4096, 4096).Clear();
        Judge("seSparse", "SESPARSE", extent);
    }

    [Fact]
    public void A_journal_that_has_to_be_replayed_is_refused()
    {
        CreateBase(4096);
        byte[] extent = SeSparse();
        extent[SectorSize + 24] = 1;
        var e = Assert.Throws<DiskImageException>(() => Judge("seSparse", "SESPARSE", extent));
        Assert.Equal(V2VError.DiskImageUnsupported, e.Error);
        Assert.NotNull(e.Advice);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_snapshots_are_refused_or_read(bool isSpaceEfficient)
    {
        CreateBase(isSpaceEfficient ? 4096 : 64 << 10);
        byte[] extent = isSpaceEfficient ? SeSparse() : Cow(64 << 10);
        (string create, string type) = isSpaceEfficient ? ("seSparse", "SESPARSE") : ("vmfsSparse", "VMFSSPARSE");
        _folder.Write("guest-000001.vmdk", Descriptor(create, type, "guest-000001-data.vmdk", 0x22222222, 0x11111111));
        Mutations.Check(extent, 96 << 10, 250, image =>
        {
            _folder.Write("guest-000001-data.vmdk", image);
            Mutations.ReadThrough(DiskImages.Open(_folder["guest-000001.vmdk"]));
        });
    }

    /// <summary>COWDisk_Header, directory, tables of 4096 entries, grains (Virtual Disk Format 5.0).</summary>
    private byte[] Cow(int grainSize)
    {
        const int entries = 4096;
        int tables = ((_disk.Length / grainSize) + entries - 1) / entries;
        byte[] header = new byte[4 * SectorSize];
        "COWD"u8.CopyTo(header);
        int[] fields = [1, 3, _disk.Length / SectorSize, grainSize / SectorSize, 4, tables];
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 + (4 * i)), fields[i]);
        }

        byte[] directory = new byte[(tables + 127) / 128 * SectorSize];
        var rest = new List<byte>();
        foreach (var table in _grains.GroupBy(g => g.Key / entries))
        {
            byte[] content = new byte[entries * 4];
            int start = header.Length + directory.Length + rest.Count;
            BinaryPrimitives.WriteInt32LittleEndian(directory.AsSpan(table.Key * 4), start / SectorSize);
            var grains = new List<byte>();
            foreach ((int grain, byte[] bytes) in table)
            {
                BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(grain % entries * 4), (start + content.Length + grains.Count) / SectorSize);
                grains.AddRange(bytes);
            }

            rest.AddRange(content);
            rest.AddRange(grains);
        }

        return [.. header, .. directory, .. rest];
    }

    /// <summary>Headers, directory, tables and grains, laid out as QEMU expects them.</summary>
    private byte[] SeSparse()
    {
        const int entries = 4096;
        const int directoryAt = 2;
        const int tablesAt = 16;
        int tables = ((_disk.Length / 4096) + entries - 1) / entries;
        int grainsAt = (tablesAt + (tables * 64) + 7) & -8;
        byte[] extent = new byte[(grainsAt * SectorSize) + ((_grains.Count + 4) * 4096)];
        long[] header = new long[26];
        header[0] = 0xCAFEBABE;
        header[1] = 0x0000000200000001;
        header[2] = _disk.Length / SectorSize;
        header[3] = 8;
        header[4] = 64;
        header[10] = 1; // volatile header
        header[11] = 1;
        header[16] = directoryAt;
        header[17] = 1;
        header[18] = tablesAt;
        header[19] = tables * 64;
        header[24] = grainsAt;
        header[25] = (extent.Length / SectorSize) - grainsAt;
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(extent.AsSpan(i * 8), header[i]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(extent.AsSpan(SectorSize), 0xCAFECAFE);
        void SetEntry(int grain, ulong entry)
        {
            // Tables stand in the file in the opposite order.
            int table = tables - 1 - (grain / entries);
            BinaryPrimitives.WriteUInt64LittleEndian(extent.AsSpan((directoryAt * SectorSize) + (grain / entries * 8)), 0x1000000000000000UL | (uint)table);
            BinaryPrimitives.WriteUInt64LittleEndian(extent.AsSpan((tablesAt * SectorSize) + (table * entries * 8) + (grain % entries * 8)), entry);
        }

        int next = 1;
        foreach ((int grain, byte[] bytes) in _grains)
        {
            SetEntry(grain, 0x3000000000000000UL | ((ulong)(uint)(next & 0xFFF) << 48) | (uint)(next >> 12));
            bytes.CopyTo(extent, (grainsAt * SectorSize) + (next * 4096));
            next++;
        }

        SetEntry(33, 0x1000000000000000);
        SetEntry(35, 0x2000000000000000);
        return extent;
    }
}
