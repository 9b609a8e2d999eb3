using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>A row: the lengths and kinds of its columns, then their values (SQLite file format, section 2.1).</summary>
internal sealed class SqliteRecord
{
    /// <summary>The tables that are read have two and five columns.</summary>
    private const int MaxHeaderLength = 256;

    /// <summary>The columns that are read stand at the beginning of a row.</summary>
    private const int MaxOffset = 64 << 10;

    private const int MaxTextLength = 256;

    /// <summary>Serial types from here on give a length: even ones of a blob, odd ones of a text.</summary>
    private const long FirstWithLength = 12;

    private readonly StoredValue _value;
    private readonly List<(long Type, long Offset, long Length)> _columns = [];

    private SqliteRecord(StoredValue value) => _value = value;

    /// <summary>Null when it is malformed.</summary>
    public static SqliteRecord? TryParse(StoredValue value)
    {
        var header = value.Prefix(MaxHeaderLength);
        if (!SqliteVarint.TryRead(header, out var headerLength, out var at) || headerLength < at || headerLength > header.Length)
        {
            return null;
        }

        var record = new SqliteRecord(value);
        for (var offset = headerLength; at < headerLength;)
        {
            if (!SqliteVarint.TryRead(header[at..(int)headerLength], out var type, out var typeLength) || Length(type) is not { } length
                || length > value.Length - offset)
            {
                return null;
            }

            record._columns.Add((type, offset, length));
            offset += length;
            at += typeLength;
        }

        return record;
    }

    /// <summary>A text of at most some hundred characters; null when the column holds something else.</summary>
    public string? Text(int column)
    {
        if (column >= _columns.Count)
        {
            return null;
        }

        var (type, offset, length) = _columns[column];
        return type >= FirstWithLength && type % 2 == 1 && offset <= MaxOffset && length <= MaxTextLength
            ? FileSystems.GuestText.Decode(_value.Prefix((int)(offset + length))[(int)offset..])
            : null;
    }

    /// <summary>An integer; null when the column holds something else.</summary>
    public long? Integer(int column)
    {
        if (column >= _columns.Count)
        {
            return null;
        }

        var (type, offset, length) = _columns[column];
        if (type is not ((>= 1 and <= 6) or 8 or 9) || offset > MaxOffset)
        {
            return null;
        }

        if (length == 0)
        {
            return type - 8; // The types 8 and 9 are the numbers 0 and 1.
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        var bytes = _value.Prefix((int)(offset + length))[(int)offset..];
        number.Fill((byte)((sbyte)bytes[0] < 0 ? 0xFF : 0));
        bytes.CopyTo(number[^bytes.Length..]);
        return BinaryPrimitives.ReadInt64BigEndian(number);
    }

    /// <summary>The last column, when it is a blob.</summary>
    public StoredValue? LastBlob()
    {
        if (_columns.Count == 0)
        {
            return null;
        }

        var (type, offset, _) = _columns[^1];
        return type >= FirstWithLength && type % 2 == 0 && offset <= MaxOffset ? _value.From((int)offset) : null;
    }

    private static long? Length(long type) => type switch
    {
        0 or 8 or 9 => 0,
        >= 1 and <= 4 => type,
        5 => 6,
        6 or 7 => 8,
        >= FirstWithLength => (type - FirstWithLength) / 2,
        _ => null,
    };
}
