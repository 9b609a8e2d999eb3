using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// An item of a transaction. The first region says what it is; the numbers in it are in the byte order of the machine that wrote the log, and only
/// that of PCs (little-endian) is read.
/// </summary>
internal sealed class XfsLogItem
{
    /// <summary>No region is longer than a block or an attribute's value of 64 KiB with what describes it.</summary>
    private const int MaxRegion = 128 << 10;

    private readonly List<List<byte>> _regions = [];

    public XfsLogItemType Type => (XfsLogItemType)U16(0);

    /// <summary>The first region names how many there are.</summary>
    public bool IsComplete => _regions.Count > 0 && _regions.Count >= U16(2);

    public ReadOnlySpan<byte> Format => CollectionsMarshal.AsSpan(_regions[0]);

    /// <summary>A region; throws when there are not that many.</summary>
    public byte[] Region(int index) => index < _regions.Count ? [.. _regions[index]] : throw Malformed();

    public ushort U16(int offset) => Format.Length >= offset + 2 ? BinaryPrimitives.ReadUInt16LittleEndian(Format[offset..]) : throw Malformed();

    public uint U32(int offset) => Format.Length >= offset + 4 ? BinaryPrimitives.ReadUInt32LittleEndian(Format[offset..]) : throw Malformed();

    public ulong U64(int offset) => Format.Length >= offset + 8 ? BinaryPrimitives.ReadUInt64LittleEndian(Format[offset..]) : throw Malformed();

    public void Add(ReadOnlySpan<byte> region)
    {
        // A piece of the first region that is not all of it must still say what the item is and of how many it consists.
        if (_regions.Count == 0 && region.Length < 4)
        {
            throw Malformed();
        }

        _regions.Add([]);
        Continue(region);
    }

    public void Continue(ReadOnlySpan<byte> piece)
    {
        if (_regions.Count == 0 || _regions[^1].Count + piece.Length > MaxRegion)
        {
            throw Malformed();
        }

        _regions[^1].AddRange(piece);
    }

    public static GuestFileSystemException Malformed() => XfsErrors.Corrupt("an item of the log contradicts itself.");
}

/// <summary>The first word of an item (XFS_LI_*).</summary>
internal enum XfsLogItemType : ushort
{
    FreeIntent = 0x1236,
    FreeDone = 0x1237,
    Inode = 0x123B,
    Buffer = 0x123C,
    Quota = 0x123D,
    QuotaOff = 0x123E,
    CreateInodes = 0x123F,
    OwnerIntent = 0x1240,
    OwnerDone = 0x1241,
    RefcountIntent = 0x1242,
    RefcountDone = 0x1243,
    MapIntent = 0x1244,
    MapDone = 0x1245,
    AttributeIntent = 0x1246,
    AttributeDone = 0x1247,
    ExchangeIntent = 0x1248,
    ExchangeDone = 0x1249,
}
