using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.Disks.Vhd;

/// <summary>Puts VHDs together by the specification: no tool at hand makes differencing ones.</summary>
internal sealed class VhdWriter
{
    private const int SectorSize = 512;
    private const int FooterSize = 512;
    private const int HeaderSize = 1024;
    private const int LocatorSpace = 512;

    public int BlockSize { get; init; } = 2 << 20;

    public Guid Id { get; init; } = Guid.NewGuid();

    public Guid ParentId { get; init; }

    public string ParentName { get; init; } = "";

    /// <summary>A path with '\'; null leaves the locator out.</summary>
    public string? RelativePath { get; init; }

    public string? AbsolutePath { get; init; }

    public string Creator { get; init; } = "win ";

    /// <summary>What stands where nothing was ever written: anything may.</summary>
    public byte Filler { get; init; }

    public bool IsSuspended { get; init; }

    /// <summary>A dynamic disk, or with a <see cref="ParentId"/> a differencing one, that has the given sectors of a disk and no others.</summary>
    public byte[] Write(byte[] disk, IReadOnlyCollection<int> sectors)
    {
        int blocks = (disk.Length + BlockSize - 1) / BlockSize;
        int bitmapSize = Round(BlockSize / SectorSize / 8);
        int table = FooterSize + HeaderSize + (2 * LocatorSpace);
        var file = new List<byte>();
        byte[] footer = Footer(disk.Length, ParentId == Guid.Empty ? 3u : 4u);
        file.AddRange(footer);
        file.AddRange(Header(table, blocks));
        file.AddRange(Padded(RelativePath));
        file.AddRange(Padded(AbsolutePath));

        byte[] entries = new byte[Round(blocks * 4)];
        entries.AsSpan().Fill(0xFF);
        var data = new List<byte>();
        foreach (var block in sectors.GroupBy(s => s / (BlockSize / SectorSize)).OrderByDescending(g => g.Key))
        {
            // In descending order, so that blocks do not lie in the order of the disk.
            BinaryPrimitives.WriteInt32BigEndian(entries.AsSpan(block.Key * 4), (table + entries.Length + data.Count) / SectorSize);
            byte[] content = new byte[bitmapSize + BlockSize];
            content.AsSpan(bitmapSize).Fill(Filler);
            foreach (int sector in block)
            {
                int within = sector % (BlockSize / SectorSize);
                content[within / 8] |= (byte)(0x80 >> (within % 8));
                disk.AsSpan(sector * SectorSize, SectorSize).CopyTo(content.AsSpan(bitmapSize + (within * SectorSize)));
            }

            data.AddRange(content);
        }

        return [.. file, .. entries, .. data, .. footer];
    }

    public byte[] WriteFixed(byte[] disk) => [.. disk, .. Footer(disk.Length, 2)];

    private byte[] Footer(long size, uint type)
    {
        byte[] footer = new byte[FooterSize];
        "conectix"u8.CopyTo(footer);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(12), 0x00010000);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(16), type == 2 ? -1 : FooterSize);
        Encoding.Latin1.GetBytes(Creator, footer.AsSpan(28));
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(40), size);
        BinaryPrimitives.WriteInt64BigEndian(footer.AsSpan(48), size);
        // A geometry of whole cylinders that is a little smaller than the disk.
        BinaryPrimitives.WriteUInt16BigEndian(footer.AsSpan(56), (ushort)(size / SectorSize / 4 / 17));
        footer[58] = 4;
        footer[59] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(footer.AsSpan(60), type);
        Id.TryWriteBytes(footer.AsSpan(68), bigEndian: true, out _);
        footer[84] = IsSuspended ? (byte)1 : (byte)0;
        return Checksummed(footer, 64);
    }

    private byte[] Header(int table, int blocks)
    {
        byte[] header = new byte[HeaderSize];
        "cxsparse"u8.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), -1);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(16), table);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(24), 0x00010000);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(28), blocks);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(32), BlockSize);
        ParentId.TryWriteBytes(header.AsSpan(40), bigEndian: true, out _);
        Encoding.BigEndianUnicode.GetBytes(ParentName, header.AsSpan(64));
        Locator(header.AsSpan(576), "W2ru", RelativePath, FooterSize + HeaderSize);
        Locator(header.AsSpan(600), "W2ku", AbsolutePath, FooterSize + HeaderSize + LocatorSpace);
        return Checksummed(header, 36);
    }

    private static void Locator(Span<byte> entry, string platform, string? path, long offset)
    {
        if (path is not null)
        {
            Encoding.Latin1.GetBytes(platform, entry);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], LocatorSpace);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], path.Length * 2);
            BinaryPrimitives.WriteInt64BigEndian(entry[16..], offset);
        }
    }

    private static byte[] Padded(string? path)
    {
        byte[] space = new byte[LocatorSpace];
        Encoding.Unicode.GetBytes(path ?? "", space);
        return space;
    }

    private static byte[] Checksummed(byte[] structure, int field)
    {
        BinaryPrimitives.WriteUInt32BigEndian(structure.AsSpan(field), ~(uint)structure.Sum(b => b));
        return structure;
    }

    private static int Round(int size) => (size + SectorSize - 1) / SectorSize * SectorSize;
}
