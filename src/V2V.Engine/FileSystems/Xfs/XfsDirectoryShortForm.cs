using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A directory within its inode (xfs_dir2_sf_hdr): the parent and the entries, with inode numbers of four bytes or, as soon as one needs it,
/// eight. Each entry also has the offset that it would have in a data block, so that a reader's position survives a conversion.
/// </summary>
internal sealed class XfsDirectoryShortForm : XfsDirectoryForm
{
    private const int CountsSize = 2;

    private const int MaxEntries = byte.MaxValue;

    /// <summary>Length of the name and offset, before the name.</summary>
    private const int EntryHeaderSize = 1 + sizeof(ushort);

    private readonly List<XfsDirectoryEntry> _entries = [];
    private ulong _parent;

    public XfsDirectoryShortForm(XfsFork fork, XfsDirectoryLayout layout)
        : base(fork, layout)
    {
        var raw = fork.Inline;
        if (raw.Length < CountsSize + sizeof(uint))
        {
            throw Corrupt();
        }

        int count = raw[0];
        var numberSize = raw[1] > 0 ? sizeof(ulong) : sizeof(uint);
        if (raw.Length < CountsSize + numberSize)
        {
            throw Corrupt();
        }

        _parent = ReadNumber(raw[CountsSize..], numberSize);
        raw = raw[(CountsSize + numberSize)..];
        var typeSize = fork.Geometry.HasFileTypes ? 1 : 0;
        while (_entries.Count < count)
        {
            var nameLength = raw.IsEmpty ? 0 : raw[0];
            var size = EntryHeaderSize + nameLength + typeSize + numberSize;
            if (nameLength == 0 || size > raw.Length)
            {
                throw Corrupt();
            }

            var name = raw.Slice(EntryHeaderSize, nameLength);
            if (name.ContainsAny((byte)'/', (byte)0))
            {
                throw Corrupt();
            }

            _entries.Add(new XfsDirectoryEntry(
                name.ToArray(), ReadNumber(raw[(size - numberSize)..], numberSize), typeSize > 0 ? raw[EntryHeaderSize + nameLength] : (byte)0));
            raw = raw[size..];
        }
    }

    public override XfsDirectoryEntry? Lookup(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual(".."u8))
        {
            return new XfsDirectoryEntry(".."u8.ToArray(), _parent, XfsDirectoryEntry.DirectoryType);
        }

        var index = IndexOf(name);
        return index < 0 ? null : _entries[index];
    }

    public override IEnumerable<XfsDirectoryEntry> Enumerate() => _entries;

    public override bool TryAdd(XfsDirectoryEntry entry) => TrySave(_parent, [.. _entries, entry]);

    public override bool TryReplace(XfsDirectoryEntry entry)
    {
        if (entry.Name.AsSpan().SequenceEqual(".."u8))
        {
            return TrySave(entry.Inode, _entries);
        }

        var index = IndexOf(entry.Name);
        return index < 0 ? throw Vanished() : TrySave(_parent, [.. _entries[..index], entry, .. _entries[(index + 1)..]]);
    }

    public override void Remove(ReadOnlySpan<byte> name)
    {
        var index = IndexOf(name);
        if (index < 0)
        {
            throw Vanished();
        }

        _entries.RemoveAt(index);
        Save(Fork, Layout, _parent, _entries);
    }

    public override void Grow()
    {
        if (!XfsDirectoryData.FitSingle(Layout, _entries))
        {
            throw XfsErrors.Corrupt($"inline directory {Fork.Owner} holds more than a block can.");
        }

        Fork.BecomeExtents();
        XfsDirectoryData.WriteSingle(Fork, Layout, Fork.Allocate(0, Layout.BlockCount, XfsDirectoryLayout.ChecksumOffset), _parent, _entries);
        Fork.Size = Layout.BlockSize;
    }

    public override bool TryShrink() => false;

    /// <summary>Bytes that a directory takes within its inode; null when it cannot stand there whatever the room.</summary>
    public static int? SizeOf(XfsGeometry geometry, XfsDirectoryLayout layout, ulong parent, IReadOnlyCollection<XfsDirectoryEntry> entries)
    {
        if (entries.Count > MaxEntries || !XfsDirectoryData.FitSingle(layout, entries))
        {
            return null;
        }

        var numberSize = CountLong(parent, entries) > 0 ? sizeof(ulong) : sizeof(uint);
        var otherSize = EntryHeaderSize + (geometry.HasFileTypes ? 1 : 0) + numberSize;
        return CountsSize + numberSize + entries.Sum(e => e.Name.Length + otherSize);
    }

    /// <summary>Writes a directory that fits into its inode.</summary>
    public static void Save(XfsFork fork, XfsDirectoryLayout layout, ulong parent, IReadOnlyCollection<XfsDirectoryEntry> entries)
    {
        var size = SizeOf(fork.Geometry, layout, parent, entries) ?? throw XfsErrors.Corrupt($"inline directory {fork.Owner} is malformed.");
        var longNumbers = CountLong(parent, entries);
        var numberSize = longNumbers > 0 ? sizeof(ulong) : sizeof(uint);
        var content = new byte[size];
        content[0] = (byte)entries.Count;
        content[1] = (byte)longNumbers;
        WriteNumber(content.AsSpan(CountsSize, numberSize), parent);
        var raw = content.AsSpan(CountsSize + numberSize);
        var offset = XfsDirectoryData.FirstNameOffset(layout);
        foreach (var (name, inode, fileType) in entries)
        {
            raw[0] = (byte)name.Length;
            BinaryPrimitives.WriteUInt16BigEndian(raw[1..], (ushort)offset);
            name.CopyTo(raw[EntryHeaderSize..]);
            raw = raw[(EntryHeaderSize + name.Length)..];
            if (fork.Geometry.HasFileTypes)
            {
                raw[0] = fileType;
                raw = raw[1..];
            }

            WriteNumber(raw[..numberSize], inode);
            raw = raw[numberSize..];
            offset += layout.EntrySize(name.Length);
        }

        fork.SetInline(content);
        fork.Size = size;
    }

    private static int CountLong(ulong parent, IReadOnlyCollection<XfsDirectoryEntry> entries) =>
        entries.Count(e => e.Inode > uint.MaxValue) + (parent > uint.MaxValue ? 1 : 0);

    private static void WriteNumber(Span<byte> raw, ulong number)
    {
        if (raw.Length == sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64BigEndian(raw, number);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(raw, (uint)number);
        }
    }

    private static ulong ReadNumber(ReadOnlySpan<byte> raw, int size) =>
        size == sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(raw) : BinaryPrimitives.ReadUInt32BigEndian(raw);

    private bool TrySave(ulong parent, List<XfsDirectoryEntry> entries)
    {
        if (SizeOf(Fork.Geometry, Layout, parent, entries) is not { } size || !Fork.TryReserveInline(size))
        {
            return false;
        }

        Save(Fork, Layout, parent, entries);
        return true;
    }

    private int IndexOf(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < _entries.Count; i++)
        {
            if (name.SequenceEqual(_entries[i].Name))
            {
                return i;
            }
        }

        return -1;
    }

    private GuestFileSystemException Corrupt() => XfsErrors.Corrupt($"inline directory {Fork.Owner} is malformed.");
}
