using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>
/// Where a value's data stands: in the value itself, in one cell, or, when longer than a segment and the hive's version is 1.4 or later, in
/// segments that a "db" record lists.
/// </summary>
internal sealed class ValueData(HiveCells cells, uint minorVersion)
{
    public const int SegmentSize = 16344;

    /// <summary>First minor version with segments.</summary>
    public const uint FirstMinorWithSegments = 4;

    private const int RecordSize = 8;
    private const string What = "a value's data";

    private static ReadOnlySpan<byte> Signature => "db"u8;

    public bool HasSegments => minorVersion >= FirstMinorWithSegments;

    public byte[] Read(uint cell, KeyValue value)
    {
        if (value.IsInline)
        {
            if (value.Size > KeyValue.MaxInline)
            {
                throw cells.Corrupt(cell, $"a value claims to hold {value.Size} bytes of data in itself.");
            }

            Span<byte> field = stackalloc byte[KeyValue.MaxInline];
            BinaryPrimitives.WriteUInt32LittleEndian(field, value.Data);
            return field[..(int)value.Size].ToArray();
        }

        if (value.Size == 0)
        {
            return [];
        }

        return IsSegmented(value) ? ReadSegments(value) : cells.Read(value.Data, value.Size, What);
    }

    /// <summary>Cells that hold the data, all of which belong to this value alone.</summary>
    public IEnumerable<uint> Cells(KeyValue value)
    {
        if (value.IsInline || value.Size == 0)
        {
            return [];
        }

        return IsSegmented(value) ? [value.Data, SegmentList(value, out var segments), .. segments] : [value.Data];
    }

    public static byte[] MakeRecord(int segments, uint list)
    {
        var raw = new byte[RecordSize];
        Signature.CopyTo(raw);
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(2), (ushort)segments);
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(4), list);
        return raw;
    }

    /// <summary>Other writers put long data into one cell whatever the version, so the cell's own size decides.</summary>
    private bool IsSegmented(KeyValue value) =>
        HasSegments && value.Size > SegmentSize && cells.Payload(value.Data, What) < value.Size;

    private byte[] ReadSegments(KeyValue value)
    {
        SegmentList(value, out var segments);
        var data = new byte[value.Size];
        for (var i = 0; i < segments.Length; i++)
        {
            var start = i * SegmentSize;
            cells.Read(segments[i], 0, data.AsSpan(start, Math.Min(SegmentSize, data.Length - start)), "a segment of data");
        }

        return data;
    }

    private uint SegmentList(KeyValue value, out uint[] segments)
    {
        Span<byte> raw = stackalloc byte[RecordSize];
        cells.Read(value.Data, 0, raw, What);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(raw[2..]);
        var list = BinaryPrimitives.ReadUInt32LittleEndian(raw[4..]);
        if (!raw.StartsWith(Signature) || count != (value.Size + SegmentSize - 1) / SegmentSize || value.Size > cells.Pages.Size)
        {
            throw cells.Corrupt(value.Data, $"{value.Size} bytes of data do not stand in what is referred to there.");
        }

        var offsets = cells.Read(list, (long)count * sizeof(uint), "a list of segments");
        segments = [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(offsets.AsSpan(i * sizeof(uint))))];
        if (segments.Distinct().Count() != count)
        {
            throw cells.Corrupt(list, "a list of segments names one twice.");
        }

        return list;
    }
}
