using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Entries and free records of a data block (xfs_dir2_data_hdr), which fill it without gaps. In a directory of one block the hashes of
/// its names follow, and the entries end before them.
/// </summary>
internal sealed class XfsDirectoryData
{
    public const int BestFreeCount = 3;

    private const ushort FreeTag = 0xFFFF;

    private const int NameLengthOffset = sizeof(ulong);

    /// <summary>Magic numbers: a data block among others, and a directory of one block.</summary>
    private const uint DataMagic4 = 0x58443244;

    private const uint DataMagic5 = 0x58444433;

    private const uint SingleMagic4 = 0x58443242;

    private const uint SingleMagic5 = 0x58444233;

    /// <summary>Count and stale count at the end of a directory of one block (xfs_dir2_block_tail).</summary>
    private const int TailSize = 2 * sizeof(uint);

    private readonly XfsFork _fork;
    private readonly XfsDirectoryLayout _layout;

    /// <exception cref="GuestFileSystemException">It is no data block, or one of another inode.</exception>
    public XfsDirectoryData(XfsFork fork, XfsDirectoryLayout layout, uint number, XfsBuffer buffer)
    {
        (_fork, _layout, Number, Buffer) = (fork, layout, number, buffer);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(Data);
        IsSingle = magic == SingleMagic(fork);
        if (!IsSingle && magic != DataMagic(fork))
        {
            throw Corrupt("is no directory block");
        }

        layout.Verify(fork, buffer);
        End = Data.Length;
        if (IsSingle)
        {
            var count = BinaryPrimitives.ReadUInt32BigEndian(Tail);
            End = count <= (Data.Length - Start - TailSize) / XfsDirectoryHashes.EntrySize
                ? Data.Length - TailSize - ((int)count * XfsDirectoryHashes.EntrySize)
                : throw Corrupt("has more hashes than fit");
        }
    }

    /// <summary>Number among the data blocks.</summary>
    public uint Number { get; }

    public XfsBuffer Buffer { get; }

    /// <summary>This block is the whole directory.</summary>
    public bool IsSingle { get; }

    /// <summary>Where the entries end.</summary>
    public int End { get; private set; }

    /// <summary>The hashes of a directory of one block.</summary>
    public XfsDirectoryHashes Hashes => new(
        Data.AsSpan(End..^TailSize), BinaryPrimitives.ReadUInt32BigEndian(Tail[sizeof(uint)..]), _fork, Buffer.Address);

    private byte[] Data => Buffer.Data;

    private Span<byte> Tail => Data.AsSpan(Data.Length - TailSize);

    private int BestFreeStart => _layout.BlockHeaderSize;

    /// <summary>Behind the magic number or v5 header and the three best free records, aligned.</summary>
    private int Start => StartOf(_layout);

    public XfsDirectoryEntry Read(int offset)
    {
        var length = RecordLength(offset);
        var raw = Data.AsSpan(offset, length);
        if (IsFree(offset))
        {
            throw Corrupt($"has no entry at offset {offset}");
        }

        var nameLength = raw[NameLengthOffset];
        var name = raw.Slice(NameLengthOffset + 1, nameLength);
        return name.ContainsAny((byte)'/', (byte)0)
            ? throw Corrupt("holds a name with '/' or NUL")
            : new XfsDirectoryEntry(
                name.ToArray(), BinaryPrimitives.ReadUInt64BigEndian(raw),
                _fork.Geometry.HasFileTypes ? raw[XfsDirectoryLayout.TypeOffset(nameLength)] : (byte)0);
    }

    /// <summary>All entries with their offsets, "." and ".." too.</summary>
    public List<(int Offset, XfsDirectoryEntry Entry)> ReadAll()
    {
        var entries = new List<(int Offset, XfsDirectoryEntry Entry)>();
        for (var at = Start; at < End; at += RecordLength(at))
        {
            if (!IsFree(at))
            {
                entries.Add((at, Read(at)));
            }
        }

        return entries;
    }

    private static int StartOf(XfsDirectoryLayout layout)
    {
        var end = layout.BlockHeaderSize + (BestFreeCount * 2 * sizeof(ushort));
        return (end + XfsDirectoryLayout.Alignment - 1) / XfsDirectoryLayout.Alignment * XfsDirectoryLayout.Alignment;
    }

    private static uint DataMagic(XfsFork fork) => fork.Geometry.IsV5 ? DataMagic5 : DataMagic4;

    private static uint SingleMagic(XfsFork fork) => fork.Geometry.IsV5 ? SingleMagic5 : SingleMagic4;

    private bool IsFree(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(offset)) == FreeTag;

    /// <summary>Length of the entry or free record at an offset, which its last two bytes repeat.</summary>
    private int RecordLength(int offset)
    {
        if (offset < Start || offset > End - XfsDirectoryLayout.Alignment || offset % XfsDirectoryLayout.Alignment != 0)
        {
            throw Corrupt($"is asked for an entry at offset {offset}");
        }

        int length;
        if (IsFree(offset))
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(offset + sizeof(ushort)));
        }
        else
        {
            var nameOffset = offset + NameLengthOffset;
            length = nameOffset < End && Data[nameOffset] > 0 ? _layout.EntrySize(Data[nameOffset]) : 0;
        }

        return length > 0 && length % XfsDirectoryLayout.Alignment == 0 && length <= End - offset
            && BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(offset + length - sizeof(ushort))) == offset
            ? length
            : throw Corrupt($"has a malformed entry at offset {offset}");
    }

    private GuestFileSystemException Corrupt(string what) =>
        XfsErrors.Corrupt($"block {Number} of directory {_fork.Owner} {what}.", Buffer.Address);
}
