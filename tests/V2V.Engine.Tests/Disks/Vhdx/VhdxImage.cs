using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Tests.Disks.Vhdx;

/// <summary>Edits VHDX images that QEMU made, by [MS-VHDX], into what no tool at hand makes: images not closed, and differencing ones.</summary>
internal sealed class VhdxImage
{
    private const int HeaderSize = 4096;
    private const int SectorSize = 4096;
    private const int RegionTable = 192 << 10;

    private static readonly int[] s_headers = [64 << 10, 128 << 10];
    private static readonly Guid s_blockTable = new("2DC27766-F623-4200-9D64-115E9BFD4A08");
    private static readonly Guid s_metadata = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");
    private static readonly Guid s_fileParameters = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
    private static readonly Guid s_parentLocator = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

    private byte[] _bytes;

    public VhdxImage(byte[] bytes) => _bytes = bytes;

    public byte[] Bytes => _bytes;

    public int LogOffset => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(CurrentHeader + 72));

    public int LogLength => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(CurrentHeader + 68));

    public Guid DataWriteGuid => new(_bytes.AsSpan(CurrentHeader + 32, 16));

    public int BlockTable => Region(s_blockTable);

    private int CurrentHeader => s_headers.MaxBy(h => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(h + 8)));

    public static void Checksum(Span<byte> structure)
    {
        structure.Slice(4, 4).Clear();
        uint crc = uint.MaxValue;
        foreach (byte b in structure)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0x82F63B78 & (uint)-(int)(crc & 1));
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(structure[4..], ~crc);
    }

    /// <summary>Says that the log holds entries to be replayed.</summary>
    public void SetLogGuid(Guid guid)
    {
        foreach (int header in s_headers)
        {
            Span<byte> bytes = _bytes.AsSpan(header, HeaderSize);
            guid.TryWriteBytes(bytes[48..]);
            Checksum(bytes);
        }
    }

    public void SetDataWriteGuid(Guid guid)
    {
        foreach (int header in s_headers)
        {
            Span<byte> bytes = _bytes.AsSpan(header, HeaderSize);
            guid.TryWriteBytes(bytes[32..]);
            Checksum(bytes);
        }
    }

    public ulong Entry(int index) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(BlockTable + (index * 8)));

    public void SetEntry(int index, ulong entry) => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(BlockTable + (index * 8)), entry);

    /// <summary>Appends blocks of a MiB; returns their offset.</summary>
    public int Append(byte[] content)
    {
        int offset = (_bytes.Length + (1 << 20) - 1) & -(1 << 20);
        Array.Resize(ref _bytes, offset + ((content.Length + (1 << 20) - 1) & -(1 << 20)));
        content.CopyTo(_bytes, offset);
        return offset;
    }

    /// <summary>Writes one log entry at a place of the ring and returns its length.</summary>
    /// <param name="at">Offset in the log.</param>
    /// <param name="tail">Offset in the log of the oldest entry in use.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="log">Which log it belongs to.</param>
    /// <param name="sectors">File offsets and what is written there: 4 KiB, or null for a run of zeros of the given length.</param>
    public int WriteLogEntry(int at, int tail, ulong sequence, Guid log, params (long Offset, byte[]? Sector, long Length)[] sectors)
    {
        int descriptors = (64 + (32 * sectors.Length) + SectorSize - 1) & -SectorSize;
        byte[] entry = new byte[descriptors + (SectorSize * sectors.Count(s => s.Sector is not null))];
        "loge"u8.CopyTo(entry);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), entry.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(12), tail);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), sequence);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(24), sectors.Length);
        log.TryWriteBytes(entry.AsSpan(32));
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(48), _bytes.Length);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(56), _bytes.Length);
        int data = descriptors;
        for (int i = 0; i < sectors.Length; i++)
        {
            Span<byte> descriptor = entry.AsSpan(64 + (32 * i), 32);
            BinaryPrimitives.WriteInt64LittleEndian(descriptor[16..], sectors[i].Offset);
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], sequence);
            if (sectors[i].Sector is not { } sector)
            {
                "zero"u8.CopyTo(descriptor);
                BinaryPrimitives.WriteInt64LittleEndian(descriptor[8..], sectors[i].Length);
                continue;
            }

            "desc"u8.CopyTo(descriptor);
            sector.AsSpan(SectorSize - 4).CopyTo(descriptor[4..]);
            sector.AsSpan(0, 8).CopyTo(descriptor[8..]);
            Span<byte> stored = entry.AsSpan(data, SectorSize);
            sector.CopyTo(stored);
            "data"u8.CopyTo(stored);
            BinaryPrimitives.WriteUInt32LittleEndian(stored[4..], (uint)(sequence >> 32));
            BinaryPrimitives.WriteUInt32LittleEndian(stored[(SectorSize - 4)..], (uint)sequence);
            data += SectorSize;
        }

        Checksum(entry);
        for (int i = 0; i < entry.Length; i++)
        {
            _bytes[LogOffset + ((at + i) % LogLength)] = entry[i];
        }

        return entry.Length;
    }

    /// <summary>Makes the image a differencing one, with a parent locator of these keys and values.</summary>
    public void MakeDifferencing(params (string Key, string Value)[] locator)
    {
        int metadata = Region(s_metadata);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(metadata + 10));
        int end = 64 << 10;
        for (int i = 0; i < count; i++)
        {
            Span<byte> item = _bytes.AsSpan(metadata + 32 + (32 * i), 32);
            int offset = BinaryPrimitives.ReadInt32LittleEndian(item[16..]);
            end = Math.Max(end, offset + BinaryPrimitives.ReadInt32LittleEndian(item[20..]));
            if (new Guid(item[..16]) == s_fileParameters)
            {
                _bytes[metadata + offset + 4] |= 2;
            }
        }

        byte[] content = Locator(locator);
        Span<byte> entry = _bytes.AsSpan(metadata + 32 + (32 * count), 32);
        s_parentLocator.TryWriteBytes(entry);
        BinaryPrimitives.WriteInt32LittleEndian(entry[16..], end);
        BinaryPrimitives.WriteInt32LittleEndian(entry[20..], content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry[24..], 4);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(metadata + 10), (ushort)(count + 1));
        content.CopyTo(_bytes, metadata + end);
    }

    private static byte[] Locator((string Key, string Value)[] pairs)
    {
        var texts = new List<byte>();
        byte[] head = new byte[20 + (12 * pairs.Length)];
        new Guid("B04AEFB7-D19E-4A81-B789-25B8E9445913").TryWriteBytes(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), (ushort)pairs.Length);
        for (int i = 0; i < pairs.Length; i++)
        {
            Span<byte> entry = head.AsSpan(20 + (12 * i), 12);
            byte[] key = Encoding.Unicode.GetBytes(pairs[i].Key);
            byte[] value = Encoding.Unicode.GetBytes(pairs[i].Value);
            BinaryPrimitives.WriteInt32LittleEndian(entry, head.Length + texts.Count);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)key.Length);
            texts.AddRange(key);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], head.Length + texts.Count);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)value.Length);
            texts.AddRange(value);
        }

        return [.. head, .. texts];
    }

    private int Region(Guid id)
    {
        for (int i = 0; ; i++)
        {
            ReadOnlySpan<byte> entry = _bytes.AsSpan(RegionTable + 16 + (32 * i), 32);
            if (new Guid(entry[..16]) == id)
            {
                return BinaryPrimitives.ReadInt32LittleEndian(entry[16..]);
            }
        }
    }
}
