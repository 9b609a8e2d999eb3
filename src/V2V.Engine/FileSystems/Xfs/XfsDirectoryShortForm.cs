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

    private static ulong ReadNumber(ReadOnlySpan<byte> raw, int size) =>
        size == sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(raw) : BinaryPrimitives.ReadUInt32BigEndian(raw);

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
