using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>A page of a table's B-tree: its header, then the offsets of its cells (SQLite file format, section 1.6).</summary>
internal sealed class SqliteBtreePage
{
    private const byte Interior = 5, Leaf = 13;

    private const int LeafHeaderLength = 8, InteriorHeaderLength = 12;

    private readonly SqlitePages _pages;
    private readonly uint _number;
    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly int _cellCount;

    public SqliteBtreePage(SqlitePages pages, uint number)
    {
        _pages = pages;
        _number = number;
        _bytes = pages.Read(number);
        // The first page begins with the database's header.
        _start = number == 1 ? SqliteHeader.Length : 0;
        _cellCount = BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(_start + FieldLocations.CellCount));
        if (_bytes[_start] is not (Interior or Leaf) || CellOffsets + _cellCount * sizeof(ushort) > pages.Header.UsableSize)
        {
            throw Corrupt($"page {number} is no page of a table (type {_bytes[_start]}, {_cellCount} cells)");
        }
    }

    public bool IsLeaf => _bytes[_start] == Leaf;

    private int CellOffsets => _start + (IsLeaf ? LeafHeaderLength : InteriorHeaderLength);

    /// <summary>The pages below an interior page, in the order of their keys.</summary>
    public IEnumerable<uint> Children()
    {
        for (var i = 0; i < _cellCount; i++)
        {
            yield return BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(Cell(i, sizeof(uint))));
        }

        yield return BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(_start + FieldLocations.RightmostChild));
    }

    /// <summary>The rows of a leaf: the length of each, what of it lies on the page, and the page on which it goes on.</summary>
    public IEnumerable<(long Length, ReadOnlyMemory<byte> Local, uint OverflowPage)> Rows()
    {
        var usable = _pages.Header.UsableSize;
        var total = 0;
        for (var i = 0; i < _cellCount; i++)
        {
            var at = Cell(i, 2);
            if (!SqliteVarint.TryRead(_bytes.AsSpan(at, usable - at), out var length, out var lengthOfLength)
                || !SqliteVarint.TryRead(_bytes.AsSpan(at + lengthOfLength, usable - at - lengthOfLength), out _, out var lengthOfKey)
                || length < 0)
            {
                throw Corrupt($"cell {i} of page {_number} is cut off");
            }

            at += lengthOfLength + lengthOfKey;
            var local = LocalLength(length, usable);
            var hasOverflow = local < length;
            total += local;
            if (at + local + (hasOverflow ? sizeof(uint) : 0) > usable || total > usable)
            {
                throw Corrupt($"cell {i} of page {_number} does not fit on it");
            }

            yield return (length, _bytes.AsMemory(at, local), hasOverflow ? BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(at + local)) : 0);
        }
    }

    /// <summary>How many bytes of a row are stored on the leaf itself (section 1.6, "Cell payload overflow pages").</summary>
    private static int LocalLength(long length, int usable)
    {
        var max = usable - 35;
        if (length <= max)
        {
            return (int)length;
        }

        var min = (usable - 12) * 32 / 255 - 23;
        var local = min + (int)((length - min) % (usable - 4));
        return local <= max ? local : min;
    }

    private int Cell(int index, int length)
    {
        var offset = BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(CellOffsets + index * sizeof(ushort)));
        return offset >= CellOffsets && offset + length <= _pages.Header.UsableSize
            ? offset
            : throw Corrupt($"cell {index} of page {_number} is at {offset}");
    }

    private GuestFileSystemException Corrupt(string what) => _pages.Corrupt(_number, what);

    private static class FieldLocations
    {
        public const int CellCount = 3;
        public const int RightmostChild = 8;
    }
}
