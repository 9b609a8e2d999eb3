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

    /// <summary>Bytes of the longest free record; 0 when there is none.</summary>
    public ushort LongestFree => BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(BestFreeStart + sizeof(ushort)));

    /// <summary>There is no entry.</summary>
    public bool IsUnused => IsFree(Start) && RecordLength(Start) == End - Start;

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

    /// <summary>Where the first name behind "." and ".." stands.</summary>
    public static int FirstNameOffset(XfsDirectoryLayout layout) => StartOf(layout) + layout.EntrySize(1) + layout.EntrySize(2);

    /// <summary>Whether a directory with these names, besides "." and "..", fits into one block.</summary>
    public static bool FitSingle(XfsDirectoryLayout layout, IReadOnlyCollection<XfsDirectoryEntry> entries) =>
        FirstNameOffset(layout) + entries.Sum(e => layout.EntrySize(e.Name.Length)) <= HashesStart(layout, entries.Count + 2);

    /// <summary>Makes a block a whole directory with these names and "." and "..".</summary>
    public static void WriteSingle(
        XfsFork fork, XfsDirectoryLayout layout, XfsBuffer buffer, ulong parent, IEnumerable<XfsDirectoryEntry> entries)
    {
        var data = Initialise(fork, layout, 0, buffer);
        layout.WriteHeader(fork, buffer, SingleMagic(fork));
        XfsDirectoryEntry[] all =
        [
            new("."u8.ToArray(), fork.Owner, XfsDirectoryEntry.DirectoryType), new(".."u8.ToArray(), parent, XfsDirectoryEntry.DirectoryType), .. entries
        ];
        var hashes = new List<XfsDirectoryHash>(all.Length);
        var at = data.Start;
        foreach (var entry in all)
        {
            data.WriteEntry(at, entry);
            hashes.Add(new XfsDirectoryHash(XfsDaHash.Compute(entry.Name), layout.Address(0, at)));
            at += layout.EntrySize(entry.Name.Length);
        }

        hashes.Sort((a, b) => a.Hash.CompareTo(b.Hash));
        data.End = HashesStart(layout, all.Length);
        if (at < data.End)
        {
            data.WriteFree(at, data.End - at);
        }

        data.WriteHashes(hashes);
        data.FindBestFree();
    }

    /// <summary>Makes a new block a data block without entries.</summary>
    public static XfsDirectoryData Initialise(XfsFork fork, XfsDirectoryLayout layout, uint number, XfsBuffer buffer)
    {
        buffer.MarkDirty();
        buffer.Data.AsSpan().Clear();
        layout.WriteHeader(fork, buffer, DataMagic(fork));
        var data = new XfsDirectoryData(fork, layout, number, buffer);
        data.WriteFree(data.Start, data.End - data.Start);
        data.FindBestFree();
        return data;
    }

    /// <summary>The smallest free record with room for an entry, when <paramref name="reserved"/> bytes at the end have to be free besides.</summary>
    public int? FindRoom(int size, int reserved = 0)
    {
        var end = End - reserved;
        var (best, bestLength) = ((int?)null, int.MaxValue);
        for (var at = Start; at < End;)
        {
            var next = at + RecordLength(at);
            if (IsFree(at))
            {
                var length = Math.Min(next, end) - at;
                if (length >= size && length < bestLength)
                {
                    (best, bestLength) = (at, length);
                }
            }

            if (next > end && !IsFree(at))
            {
                return null;
            }

            at = next;
        }

        return best;
    }

    /// <summary>Writes an entry into a free record that <see cref="FindRoom"/> gave.</summary>
    public void Add(int offset, XfsDirectoryEntry entry)
    {
        Buffer.MarkDirty();
        var (size, length) = (_layout.EntrySize(entry.Name.Length), RecordLength(offset));
        WriteEntry(offset, entry);
        if (length > size)
        {
            WriteFree(offset + size, length - size);
        }

        FindBestFree();
    }

    public void Remove(int offset)
    {
        Buffer.MarkDirty();
        WriteFree(offset, RecordLength(offset));
        FindBestFree();
    }

    /// <summary>Lets the entry at an offset stand for another inode.</summary>
    public void Replace(int offset, ulong inode, byte fileType)
    {
        RecordLength(offset);
        Buffer.MarkDirty();
        var raw = Data.AsSpan(offset);
        BinaryPrimitives.WriteUInt64BigEndian(raw, inode);
        if (_fork.Geometry.HasFileTypes)
        {
            raw[XfsDirectoryLayout.TypeOffset(raw[NameLengthOffset])] = fileType;
        }
    }

    /// <summary>Changes the hashes of a directory of one block, for which the bytes before them must be free when there are more than before.</summary>
    public void SetHashes(List<XfsDirectoryHash> hashes)
    {
        Buffer.MarkDirty();
        var (oldEnd, newEnd) = (End, HashesStart(_layout, hashes.Count));
        if (newEnd < oldEnd)
        {
            var last = Start;
            for (var at = Start; at < End; at += RecordLength(at))
            {
                last = at;
            }

            if (!IsFree(last) || last > newEnd)
            {
                throw Corrupt("has no room for another hash");
            }

            if (last < newEnd)
            {
                WriteFree(last, newEnd - last);
            }
        }
        else if (newEnd > oldEnd)
        {
            WriteFree(oldEnd, newEnd - oldEnd);
        }

        End = newEnd;
        WriteHashes(hashes);
        FindBestFree();
    }

    /// <summary>Turns a directory of one block into a data block: its hashes move elsewhere.</summary>
    public XfsDirectoryData BecomeData()
    {
        Buffer.MarkDirty();
        WriteFree(End, Data.Length - End);
        _layout.WriteHeader(_fork, Buffer, DataMagic(_fork));
        var data = new XfsDirectoryData(_fork, _layout, Number, Buffer);
        data.FindBestFree();
        return data;
    }

    private static int HashesStart(XfsDirectoryLayout layout, int count) => layout.BlockSize - TailSize - (count * XfsDirectoryHashes.EntrySize);

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

    private void WriteEntry(int offset, XfsDirectoryEntry entry)
    {
        var raw = Data.AsSpan(offset, _layout.EntrySize(entry.Name.Length));
        raw.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(raw, entry.Inode);
        raw[NameLengthOffset] = (byte)entry.Name.Length;
        entry.Name.CopyTo(raw[(NameLengthOffset + 1)..]);
        if (_fork.Geometry.HasFileTypes)
        {
            raw[XfsDirectoryLayout.TypeOffset(entry.Name.Length)] = entry.FileType;
        }

        BinaryPrimitives.WriteUInt16BigEndian(raw[^sizeof(ushort)..], (ushort)offset);
    }

    private void WriteFree(int offset, int length)
    {
        var raw = Data.AsSpan(offset, length);
        BinaryPrimitives.WriteUInt16BigEndian(raw, FreeTag);
        BinaryPrimitives.WriteUInt16BigEndian(raw[sizeof(ushort)..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(raw[^sizeof(ushort)..], (ushort)offset);
    }

    private void WriteHashes(List<XfsDirectoryHash> hashes)
    {
        XfsDirectoryHashes.Write(hashes, Data.AsSpan(HashesStart(_layout, hashes.Count)));
        BinaryPrimitives.WriteUInt32BigEndian(Tail, (uint)hashes.Count);
        BinaryPrimitives.WriteUInt32BigEndian(Tail[sizeof(uint)..], 0);
    }

    /// <summary>Joins free records that touch and brings the table of the three longest up to date.</summary>
    private void FindBestFree()
    {
        var free = new List<(int Offset, int Length)>();
        for (int at = Start, length; at < End; at += length)
        {
            length = RecordLength(at);
            if (IsFree(at))
            {
                while (at + length < End && IsFree(at + length))
                {
                    length += RecordLength(at + length);
                    WriteFree(at, length);
                }

                free.Add((at, length));
            }
        }

        var table = Data.AsSpan(BestFreeStart, BestFreeCount * 2 * sizeof(ushort));
        table.Clear();
        foreach (var (offset, length) in free.OrderByDescending(f => f.Length).Take(BestFreeCount))
        {
            BinaryPrimitives.WriteUInt16BigEndian(table, (ushort)offset);
            BinaryPrimitives.WriteUInt16BigEndian(table[sizeof(ushort)..], (ushort)length);
            table = table[(2 * sizeof(ushort))..];
        }
    }

    private GuestFileSystemException Corrupt(string what) =>
        XfsErrors.Corrupt($"block {Number} of directory {_fork.Owner} {what}.", Buffer.Address);
}
