using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Sets and deletes values: the list that names them, their records, and their data in place, in a cell or in segments.</summary>
internal sealed class ValueWriter(RegistryHive hive, HiveAllocator allocator, ValueData data)
{
    /// <summary>The largest cell that Windows makes.</summary>
    private const int MaxCell = 1 << 20;

    /// <summary>A full segment's cell has four bytes that are not used. hivex expects them behind the last, shorter one as well.</summary>
    private const int SegmentTrailer = 4;

    private const string ListOfValues = "a list of values";
    private const string Data = "a value's data";

    private readonly HiveCells _cells = hive.Cells;

    public void Set(uint key, string name, RegistryValueKind kind, byte[] content, ulong now)
    {
        if (name.Length > RegistryNames.MaxValueName)
        {
            throw new ArgumentException($"A value's name has {name.Length} characters; Windows allows {RegistryNames.MaxValueName}.", nameof(name));
        }

        var limit = data.HasSegments ? (long)ushort.MaxValue * ValueData.SegmentSize : MaxCell - HiveCells.HeaderSize;
        if (content.Length > limit)
        {
            throw RegistryErrors.Unsupported(hive.Path, $"cannot hold a value of {content.Length} bytes; its version allows {limit}.");
        }

        var node = KeyNode.Read(_cells, key);
        if ((node.Flags & KeyFlags.PredefinedHandle) != 0)
        {
            throw RegistryErrors.Unsupported(hive.Path, "has a key that stands for a predefined handle; it cannot have values.");
        }

        if (hive.FindValueCell(key, node, name) is not { } cell)
        {
            cell = allocator.Add(KeyValue.Make(name, kind));
            node = Append(key, node, cell);
        }
        else if (KeyValue.Read(_cells, cell) is var old && old.Kind == kind && data.Read(cell, old).AsSpan().SequenceEqual(content))
        {
            return;
        }

        (Store(KeyValue.Read(_cells, cell), content) with { Kind = kind }).Write(_cells, cell);
        (node with
        {
            MaxValueName = Math.Max(node.MaxValueName, (uint)name.Length * 2),
            MaxValueData = Math.Max(node.MaxValueData, (uint)content.Length),
            LastWritten = now,
        }).Write(_cells, key);
    }

    public bool Delete(uint key, string name, ulong now)
    {
        var node = KeyNode.Read(_cells, key);
        if (hive.FindValueCell(key, node, name) is not { } cell)
        {
            return false;
        }

        Free(cell);
        var rest = hive.ValueCells(key, node).Where(c => c != cell).ToArray();
        if (rest.Length == 0)
        {
            allocator.Free(node.ValueList, ListOfValues);
            node = node with { ValueCount = 0, ValueList = HiveCells.None, MaxValueName = 0, MaxValueData = 0 };
        }
        else
        {
            _cells.Write(node.ValueList, 0, List(rest), ListOfValues);
            node = node with { ValueCount = (uint)rest.Length };
        }

        (node with { LastWritten = now }).Write(_cells, key);
        return true;
    }

    /// <summary>Frees all values of a key that goes away.</summary>
    public void FreeAll(uint key, KeyNode node)
    {
        var values = hive.ValueCells(key, node);
        foreach (var cell in values)
        {
            Free(cell);
        }

        if (values.Length > 0)
        {
            allocator.Free(node.ValueList, ListOfValues);
        }
    }

    private static byte[] List(ReadOnlySpan<uint> cells)
    {
        var raw = new byte[cells.Length * sizeof(uint)];
        for (var i = 0; i < cells.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(i * sizeof(uint)), cells[i]);
        }

        return raw;
    }

    private KeyNode Append(uint key, KeyNode node, uint value)
    {
        var old = hive.ValueCells(key, node);
        var list = List([.. old, value]);
        node = node with { ValueCount = (uint)old.Length + 1 };
        if (old.Length > 0 && list.Length <= _cells.Payload(node.ValueList, ListOfValues))
        {
            _cells.Write(node.ValueList, 0, list, ListOfValues);
            return node;
        }

        if (old.Length > 0)
        {
            allocator.Free(node.ValueList, ListOfValues);
        }

        return node with { ValueList = allocator.Add(list, old.Length / 8 * sizeof(uint)) };
    }

    private KeyValue Store(KeyValue value, byte[] content)
    {
        if (content.Length <= KeyValue.MaxInline)
        {
            FreeData(value);
            return value.WithInline(content);
        }

        if (data.HasSegments && content.Length > ValueData.SegmentSize)
        {
            FreeData(value);
            return value.WithData(AddSegments(content), content.Length);
        }

        var cells = data.Cells(value).ToList();
        if (cells.Count == 1 && _cells.Payload(cells[0], Data) >= content.Length)
        {
            _cells.Write(cells[0], 0, content, Data);
            return value.WithData(cells[0], content.Length);
        }

        FreeData(value);
        return value.WithData(allocator.Add(content), content.Length);
    }

    private uint AddSegments(byte[] content)
    {
        var segments = new List<uint>();
        for (var at = 0; at < content.Length; at += ValueData.SegmentSize)
        {
            segments.Add(allocator.Add(content.AsSpan(at, Math.Min(ValueData.SegmentSize, content.Length - at)), SegmentTrailer));
        }

        return allocator.Add(ValueData.MakeRecord(segments.Count, allocator.Add(List([.. segments]))));
    }

    private void Free(uint cell)
    {
        FreeData(KeyValue.Read(_cells, cell));
        allocator.Free(cell, "a value");
    }

    private void FreeData(KeyValue value)
    {
        foreach (var cell in data.Cells(value).ToList())
        {
            allocator.Free(cell, Data);
        }
    }
}
