using System.Buffers.Binary;
using System.Xml;
using System.Xml.Linq;
using V2V.Engine.Disks.Transports;
using V2V.Engine.IO;

namespace V2V.Engine.Sources.HyperV;

/// <summary>
/// The key-value store that .vmcx and .vmrs files are ("HyperVStorage" version 4.0, as OpenVMM's documentation describes it): object tables list
/// tables of keys, each key names its parent by table and offset. Only keys and short values are read; all numbers are little-endian.
/// </summary>
internal static class HyperVStorage
{
    private const string Format = "VMCX";

    private const uint Signature = 0x01282014;
    private const uint ObjectTableSignature = 0x01110001;
    private const uint ReplayLogSignature = 0x01110003;
    private const ushort KeyTableSignature = 2;
    private const uint KnownVersion = 0x0400;

    private const int HeaderSize = 46;
    private const long ObjectTableOffset = 8192;
    private const int ObjectTableHeaderSize = 8;
    private const int ObjectEntrySize = 18;
    private const int KeyTableHeaderSize = 10;
    private const int ReplayLogHeaderSize = 12;

    private const byte ObjectTableType = 1;
    private const byte KeyTableType = 2;

    // A machine's settings are some 50 KiB; a saved state lists each MiB of its memory.
    private const int MaximumObjectTables = 4096;
    private const int MaximumObjectsInTable = 1 << 16;
    private const long MaximumKeyTableBytes = 16 << 20;
    private const int MaximumDepth = 32;

    private static readonly long[] s_headers = [0, 4096];

    private static class Field
    {
        public const int Checksum = 4;
        public const int Sequence = 8;
        public const int Version = 10;
        public const int ReplayLogOffset = 26;
    }

    public static bool Recognises(ReadOnlySpan<byte> head) => head.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(head) == Signature;

    /// <summary>The whole tree, with an element without a name of its own at the top.</summary>
    /// <exception cref="SourceException">It is damaged, of another version, or was being written.</exception>
    public static XElement Read(DiskFile file)
    {
        var header = ReadHeader(file);
        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Version..]);
        if (version != KnownVersion)
        {
            throw HyperVSource.Unsupported(file.Path, $"is of version {version >> 8}.{version & 0xFF} of its format; 4.0 is known.", HyperVSource.ExportAdvice);
        }

        RefusePendingChanges(file, BinaryPrimitives.ReadInt64LittleEndian(header[Field.ReplayLogOffset..]));
        return Link(ReadKeyTables(file));
    }

    /// <summary>The header with the higher sequence number of those whose checksum is right: the other may be half written.</summary>
    private static ReadOnlySpan<byte> ReadHeader(DiskFile file)
    {
        byte[]? current = null;
        foreach (var position in s_headers)
        {
            var header = Bytes(file, position, HeaderSize, "a header");
            var checksum = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.Checksum));
            header.AsSpan(Field.Checksum, 4).Clear();
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == Signature && Crc32.Append(0, header) == checksum && (current is null || Sequence(header) > Sequence(current)))
            {
                current = header;
            }
        }

        return current ?? throw Damaged(file, 0, "neither of its two headers has a right checksum");
    }

    private static ushort Sequence(byte[] header) => BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(Field.Sequence));

    private static void RefusePendingChanges(DiskFile file, long offset)
    {
        var log = Bytes(file, offset, ReplayLogHeaderSize, "the replay log");
        if (BinaryPrimitives.ReadUInt32LittleEndian(log) != ReplayLogSignature)
        {
            throw Damaged(file, offset, "there is no replay log");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(log.AsSpan(8)) != 0)
        {
            throw HyperVSource.Unsupported(file.Path, "was copied while Hyper-V was writing it.", HyperVSource.ExportAdvice);
        }
    }

    /// <summary>The tables of keys by their index. Of several with one index the one with the highest sequence number counts.</summary>
    private static Dictionary<ushort, HyperVKeyTable> ReadKeyTables(DiskFile file)
    {
        Dictionary<ushort, HyperVKeyTable> tables = [];
        HashSet<long> seen = [ObjectTableOffset];
        Queue<long> objectTables = new(seen);
        long keyBytes = 0;
        while (objectTables.TryDequeue(out var position))
        {
            var header = Bytes(file, position, ObjectTableHeaderSize, "an object table");
            var count = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != ObjectTableSignature || count > MaximumObjectsInTable)
            {
                throw Damaged(file, position, "there is no object table, or it is too long");
            }

            var entries = Bytes(file, position + ObjectTableHeaderSize, (int)count * ObjectEntrySize, "an object table");
            for (var i = 0; i < count; i++)
            {
                var entry = entries.AsSpan(i * ObjectEntrySize, ObjectEntrySize);
                var offset = BinaryPrimitives.ReadInt64LittleEndian(entry[5..]);
                var size = BinaryPrimitives.ReadUInt32LittleEndian(entry[13..]);
                if (entry[0] == ObjectTableType && seen.Add(offset))
                {
                    objectTables.Enqueue(seen.Count <= MaximumObjectTables ? offset : throw Damaged(file, position, "it has too many object tables"));
                }
                else if (entry[0] == KeyTableType)
                {
                    keyBytes += size;
                    if (keyBytes > MaximumKeyTableBytes)
                    {
                        throw Damaged(file, position, $"it has more than {MaximumKeyTableBytes} bytes of keys");
                    }

                    var table = ReadKeyTable(file, offset, (int)size);
                    if (!tables.TryGetValue(table.Index, out var other) || table.Sequence > other.Sequence)
                    {
                        tables[table.Index] = table;
                    }
                }
            }
        }

        return tables;
    }

    private static HyperVKeyTable ReadKeyTable(DiskFile file, long offset, int size)
    {
        var content = Bytes(file, offset, Math.Max(size, KeyTableHeaderSize), "a key table");
        if (BinaryPrimitives.ReadUInt16LittleEndian(content) != KeyTableSignature)
        {
            throw Damaged(file, offset, "there is no key table");
        }

        List<HyperVKey> keys = [];
        for (var position = KeyTableHeaderSize; position + HyperVKey.HeaderSize <= content.Length;)
        {
            if (HyperVKey.Parse(content, position) is not { } key)
            {
                throw Damaged(file, offset + position, "a key reaches beyond its table");
            }

            if (key.Size == 0)
            {
                break;
            }

            if (key.IsUsed)
            {
                keys.Add(key);
            }

            position += key.Size;
        }

        return new HyperVKeyTable(
            BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(2)), BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(4)), keys);
    }

    /// <summary>Keys that lead to no root, in a circle or nowhere, are left out.</summary>
    private static XElement Link(Dictionary<ushort, HyperVKeyTable> tables)
    {
        var children = tables.Values.SelectMany(t => t.Keys.Select(k => (Table: t.Index, Key: k)))
            .ToLookup(k => (k.Key.ParentTable, k.Key.ParentTable == 0 ? 0 : k.Key.ParentOffset));
        var root = new XElement("root");
        Add(root, 0, 0, depth: 0);
        return root;

        void Add(XElement parent, ushort table, uint offset, int depth)
        {
            if (depth == MaximumDepth)
            {
                return;
            }

            foreach (var child in children[(table, offset)].OrderBy(c => c.Key.InsertionSequence))
            {
                var element = new XElement(XmlConvert.EncodeLocalName(child.Key.Name));
                parent.Add(element);
                if (child.Key.Value is { } value)
                {
                    element.Value = value;
                }
                else
                {
                    Add(element, child.Table, child.Key.Offset, depth + 1);
                }
            }
        }
    }

    private static byte[] Bytes(DiskFile file, long offset, int length, string what)
    {
        if (offset < 0 || offset > file.Length - length)
        {
            throw Damaged(file, offset, $"{what} lies beyond its end");
        }

        var bytes = new byte[length];
        file.Read(offset, bytes);
        return bytes;
    }

    private static SourceException Damaged(DiskFile file, long offset, string what) => new(V2VError.SourceInvalid, $"{file.Path} is damaged at byte {offset}: {what}.")
    {
        Path = file.Path,
        Format = Format,
        Offset = offset,
        Advice = HyperVSource.ExportAdvice,
    };
}
