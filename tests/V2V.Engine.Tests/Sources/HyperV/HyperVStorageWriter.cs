using System.Buffers.Binary;
using System.Text;
using V2V.Engine.IO;

namespace V2V.Engine.Tests.Sources.HyperV;

/// <summary>
/// Writes a .vmcx file from paths and values, in the layout that OpenVMM's documentation of the format gives: two headers, an object table, key
/// tables of 4 KiB that are filled to the end, and an empty replay log. dissect.hypervisor's reader agrees with what it writes.
/// </summary>
internal sealed class HyperVStorageWriter
{
    private const int Page = 4096;
    private const int KeyHeader = 21;

    private readonly List<(string Path, object? Value)> _keys = [];

    public uint Version { get; set; } = 0x0400;

    public uint PendingChanges { get; set; }

    /// <summary>Adds a value, and the nodes above it.</summary>
    public HyperVStorageWriter Add(string path, object value)
    {
        var parts = path.Split('/');
        for (var n = 1; n < parts.Length; n++)
        {
            var above = string.Join('/', parts[..n]);
            if (!_keys.Any(k => k.Path == above))
            {
                _keys.Add((above, null));
            }
        }

        _keys.Add((path, value));
        return this;
    }

    public byte[] ToArray()
    {
        var tables = WriteKeyTables();
        var log = (3 + tables.Count) * Page;
        var file = new byte[log + Page];
        WriteHeader(file, 0, 1, log);
        WriteHeader(file, Page, 2, log);
        var objects = file.AsSpan(2 * Page);
        BinaryPrimitives.WriteUInt32LittleEndian(objects, 0x01110001);
        BinaryPrimitives.WriteUInt32LittleEndian(objects[4..], (uint)tables.Count + 1);
        for (var i = 0; i < tables.Count; i++)
        {
            var entry = objects.Slice(8 + (i * 18), 18);
            entry[0] = 2;
            BinaryPrimitives.WriteInt64LittleEndian(entry[5..], (3 + i) * Page);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[13..], Page);
            entry[17] = 1;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[1..], Crc32.Append(0, entry));
            tables[i].CopyTo(file, (3 + i) * Page);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(log), 0x01110003);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(log + 8), PendingChanges);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(log + 13), 100);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(log + 4), Crc32.Append(0, file.AsSpan(log, 34)));
        return file;
    }

    private void WriteHeader(byte[] file, int offset, ushort sequence, long log)
    {
        var header = file.AsSpan(offset, 46);
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x01282014);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header[10..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header[22..], Page);
        BinaryPrimitives.WriteInt64LittleEndian(header[26..], log);
        BinaryPrimitives.WriteInt64LittleEndian(header[34..], Page);
        BinaryPrimitives.WriteUInt32LittleEndian(header[42..], Page);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Crc32.Append(0, header));
    }

    private List<byte[]> WriteKeyTables()
    {
        Dictionary<string, (ushort Table, uint Offset)> nodes = new() { [""] = (0, 0) };
        Dictionary<string, uint> counts = [];
        List<byte[]> tables = [];
        var position = Page;
        foreach (var (path, value) in _keys)
        {
            var slash = path.LastIndexOf('/');
            var parent = slash < 0 ? "" : path[..slash];
            counts[parent] = counts.GetValueOrDefault(parent) + 1;
            var (type, data) = Data(value);
            var name = Encoding.UTF8.GetBytes(path[(slash + 1)..] + '\0');
            var size = KeyHeader + name.Length + data.Length;
            // What is left must hold the entry, and then nothing or another entry that is free.
            if (position + size > Page || (Page - position - size is > 0 and <= KeyHeader))
            {
                Fill(tables, position);
                tables.Add(NewTable((ushort)(tables.Count + 1)));
                position = 10;
            }

            var entry = tables[^1].AsSpan(position, size);
            entry[0] = type;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[2..], (uint)size);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[6..], nodes[parent].Table);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], nodes[parent].Offset);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], counts[parent]);
            entry[20] = (byte)name.Length;
            name.CopyTo(entry[KeyHeader..]);
            data.CopyTo(entry[(KeyHeader + name.Length)..]);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], Crc32.Append(0, entry));
            nodes[path] = ((ushort)tables.Count, (uint)position);
            position += size;
        }

        Fill(tables, position);
        return tables;
    }

    private static byte[] NewTable(ushort index)
    {
        var table = new byte[Page];
        BinaryPrimitives.WriteUInt16LittleEndian(table, 2);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(2), index);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(6), Crc32.Append(0, table.AsSpan(0, 10)));
        return table;
    }

    /// <summary>Marks the rest of a table as free.</summary>
    private static void Fill(List<byte[]> tables, int position)
    {
        if (position < Page)
        {
            var entry = tables[^1].AsSpan(position);
            entry[0] = 1;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[2..], (uint)entry.Length);
        }
    }

    private static (byte Type, byte[] Data) Data(object? value)
    {
        switch (value)
        {
            case null:
                return (9, new byte[12]);
            case bool b:
                return (8, [b ? (byte)1 : (byte)0, 0, 0, 0]);
            case long number:
                var integer = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(integer, number);
                return (3, integer);
            case string text:
                var characters = Encoding.Unicode.GetBytes(text);
                var array = new byte[4 + characters.Length];
                BinaryPrimitives.WriteUInt32LittleEndian(array, (uint)characters.Length);
                characters.CopyTo(array, 4);
                return (6, array);
            default:
                throw new ArgumentException($"{value.GetType()} has no kind in the format.", nameof(value));
        }
    }
}
