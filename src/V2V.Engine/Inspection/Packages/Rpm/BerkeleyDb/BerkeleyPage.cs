using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.BerkeleyDb;

/// <summary>A page of a Berkeley DB hash database: its header, then the offsets of its items, which fill it from the end (db_page.h, PAGE).</summary>
internal sealed class BerkeleyPage(byte[] bytes, bool isLittleEndian)
{
    public const int HeaderLength = 26;

    public const byte HashUnsorted = 2, Overflow = 7, Hash = 13;

    public uint Number => UInt32(FieldLocations.Number);

    /// <summary>The page that continues an overflow item or a bucket; 0 at the end.</summary>
    public uint Next => UInt32(FieldLocations.Next);

    /// <summary>Keys and values take turns.</summary>
    public int ItemCount => UInt16(FieldLocations.ItemCount);

    /// <summary>Of an overflow page: the bytes of the item on it.</summary>
    public int OverflowLength => UInt16(FieldLocations.FreeOffset);

    public byte Type => bytes[FieldLocations.Type];

    public ReadOnlyMemory<byte> OverflowData => bytes.AsMemory(HeaderLength, OverflowLength);

    /// <summary>Where an item begins and ends: each lies directly before the one before it. Null when the page cannot be so.</summary>
    public (int Start, int End)? Item(int index)
    {
        if (HeaderLength + (index + 1) * sizeof(ushort) > bytes.Length)
        {
            return null;
        }

        var start = UInt16(HeaderLength + index * sizeof(ushort));
        var end = index == 0 ? bytes.Length : UInt16(HeaderLength + (index - 1) * sizeof(ushort));
        return start >= HeaderLength + ItemCount * sizeof(ushort) && start < end && end <= bytes.Length ? (start, end) : null;
    }

    public ReadOnlyMemory<byte> Slice(int start, int end) => bytes.AsMemory(start, end - start);

    public byte Byte(int offset) => bytes[offset];

    public uint UInt32(int offset) => isLittleEndian
        ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset))
        : BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(offset));

    private int UInt16(int offset) => isLittleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset))
        : BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(offset));

    private static class FieldLocations
    {
        public const int Number = 8;
        public const int Next = 16;
        public const int ItemCount = Next + sizeof(uint);
        public const int FreeOffset = ItemCount + sizeof(ushort);
        public const int Type = 25;
    }
}
