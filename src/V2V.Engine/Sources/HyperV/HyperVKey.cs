using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace V2V.Engine.Sources.HyperV;

/// <param name="Index">Its number, by which keys name the tables of their parents.</param>
/// <param name="Sequence">Which of several tables of one number is the newest.</param>
/// <param name="Keys">The keys in use.</param>
internal sealed record HyperVKeyTable(ushort Index, ushort Sequence, IReadOnlyList<HyperVKey> Keys);

/// <summary>A key of a <see cref="HyperVStorage"/>.</summary>
/// <param name="Offset">Where it stands in its table: so its children name it.</param>
/// <param name="Size">Bytes that it takes there.</param>
/// <param name="IsUsed">False for freed space, and for kinds of values that are not known.</param>
/// <param name="ParentTable">The number of the parent's table; 0 for keys at the top.</param>
/// <param name="ParentOffset">Where the parent stands in it.</param>
/// <param name="InsertionSequence">Its place among its parent's children.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value as text; null for one that has children instead.</param>
internal sealed record HyperVKey(
    uint Offset, int Size, bool IsUsed, ushort ParentTable, uint ParentOffset, uint InsertionSequence, string Name, string? Value)
{
    public const int HeaderSize = 21;

    private const byte PointsToFileObject = 1;

    private enum Kind : byte
    {
        Int = 3,
        UInt = 4,
        Double = 5,
        String = 6,
        Array = 7,
        Bool = 8,
        Node = 9,
    }

    private static class Field
    {
        public const int Type = 0;
        public const int Flags = 1;
        public const int Size = 2;
        public const int ParentTable = 6;
        public const int ParentOffset = 8;
        public const int InsertionSequence = 16;
        public const int NameLength = 20;
    }

    /// <summary>The key at a place in a table, where a header at least has room; null when the rest does not fit.</summary>
    public static HyperVKey? Parse(ReadOnlySpan<byte> table, int position)
    {
        var header = table.Slice(position, HeaderSize);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Size..]);
        var kind = (Kind)header[Field.Type];
        var nameLength = header[Field.NameLength];
        if (size == 0)
        {
            return new HyperVKey((uint)position, 0, IsUsed: false, 0, 0, 0, "", "");
        }

        var isUsed = kind is >= Kind.Int and <= Kind.Node;
        if (size < HeaderSize || size > table.Length - position || (isUsed && HeaderSize + nameLength > size))
        {
            return null;
        }

        var name = isUsed ? Encoding.UTF8.GetString(table.Slice(position + HeaderSize, nameLength)).TrimEnd('\0') : "";
        var data = isUsed ? table.Slice(position + HeaderSize + nameLength, (int)size - HeaderSize - nameLength) : [];
        // Long values lie elsewhere in the file: notes at most, of what a conversion looks at.
        var value = kind == Kind.Node ? null : (header[Field.Flags] & PointsToFileObject) != 0 ? "" : ReadValue(kind, data);
        return new HyperVKey(
            (uint)position, (int)size, isUsed && name.Length > 0,
            BinaryPrimitives.ReadUInt16LittleEndian(header[Field.ParentTable..]), BinaryPrimitives.ReadUInt32LittleEndian(header[Field.ParentOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[Field.InsertionSequence..]), name, value);
    }

    private static string ReadValue(Kind kind, ReadOnlySpan<byte> data) => kind switch
    {
        Kind.Int when data.Length >= 8 => BinaryPrimitives.ReadInt64LittleEndian(data).ToString(CultureInfo.InvariantCulture),
        Kind.UInt when data.Length >= 8 => BinaryPrimitives.ReadUInt64LittleEndian(data).ToString(CultureInfo.InvariantCulture),
        Kind.Double when data.Length >= 8 => BinaryPrimitives.ReadDoubleLittleEndian(data).ToString("R", CultureInfo.InvariantCulture),
        Kind.Bool when data.Length >= 4 => BinaryPrimitives.ReadInt32LittleEndian(data) != 0 ? "True" : "False",
        Kind.String when data.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(data) is var length && length <= data.Length - 4 =>
            Encoding.Unicode.GetString(data.Slice(4, (int)length)).TrimEnd('\0'),
        _ => "",
    };
}
