using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>A leaf entry of an extent tree.</summary>
internal readonly record struct ExtExtent(long Logical, long Physical, int Length, bool IsUnwritten)
{
    /// <summary>An ee_len above this means an unwritten extent of the difference.</summary>
    public const int MaxWritten = 32768;

    public const int MaxUnwritten = MaxWritten - 1;

    public long End => Logical + Length;

    public int MaxLength => IsUnwritten ? MaxUnwritten : MaxWritten;
}

/// <summary>
/// A node of an extent tree (Documentation/filesystems/ext4/ifork.rst, "Extent Tree"): a header, then extents (depth 0) or index entries.
/// A view over the bytes of a block or of i_block.
/// </summary>
internal readonly ref struct ExtExtentNode(Span<byte> data)
{
    public const ushort Magic = 0xF30A;

    public const int HeaderSize = 12;

    public const int EntrySize = 12;

    /// <summary>Five levels below the root map 2^32 blocks even at 1 KiB; the kernel refuses more.</summary>
    public const int MaxDepth = 5;

    private static class Offsets
    {
        public const int Magic = 0;
        public const int Count = 2;
        public const int Capacity = 4;
        public const int Depth = 6;
        public const int EntryLogical = 0;
        public const int ExtentLength = 4;
        public const int ExtentStartHigh = 6;
        public const int ExtentStartLow = 8;
        public const int IndexLeafLow = 4;
        public const int IndexLeafHigh = 8;
    }

    private readonly Span<byte> _data = data;

    public bool HasMagic => BinaryPrimitives.ReadUInt16LittleEndian(_data) == Magic;

    public int Count
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(_data[Offsets.Count..]);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_data[Offsets.Count..], (ushort)value);
    }

    public int Capacity => BinaryPrimitives.ReadUInt16LittleEndian(_data[Offsets.Capacity..]);

    public int Depth => BinaryPrimitives.ReadUInt16LittleEndian(_data[Offsets.Depth..]);

    public bool IsFull => Count >= Capacity;

    public void WriteHeader(int count, int capacity, int depth)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_data[Offsets.Magic..], Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_data[Offsets.Count..], (ushort)count);
        BinaryPrimitives.WriteUInt16LittleEndian(_data[Offsets.Capacity..], (ushort)capacity);
        BinaryPrimitives.WriteUInt16LittleEndian(_data[Offsets.Depth..], (ushort)depth);
    }

    /// <summary>First logical block that an entry covers (of an index entry: a lower bound).</summary>
    public long Logical(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Entry(index));

    public void SetLogical(int index, long logical) => BinaryPrimitives.WriteUInt32LittleEndian(Entry(index), (uint)logical);

    public ExtExtent Extent(int index)
    {
        var entry = Entry(index);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(entry[Offsets.ExtentLength..]);
        var physical = BinaryPrimitives.ReadUInt32LittleEndian(entry[Offsets.ExtentStartLow..])
            | (long)BinaryPrimitives.ReadUInt16LittleEndian(entry[Offsets.ExtentStartHigh..]) << 32;
        var unwritten = length > ExtExtent.MaxWritten;
        return new ExtExtent(Logical(index), physical, unwritten ? length - ExtExtent.MaxWritten : length, unwritten);
    }

    public void SetExtent(int index, in ExtExtent extent)
    {
        var entry = Entry(index);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)extent.Logical);
        BinaryPrimitives.WriteUInt16LittleEndian(
            entry[Offsets.ExtentLength..], (ushort)(extent.IsUnwritten ? extent.Length + ExtExtent.MaxWritten : extent.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(entry[Offsets.ExtentStartHigh..], (ushort)(extent.Physical >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(entry[Offsets.ExtentStartLow..], (uint)extent.Physical);
    }

    public long Child(int index)
    {
        var entry = Entry(index);
        return BinaryPrimitives.ReadUInt32LittleEndian(entry[Offsets.IndexLeafLow..])
            | (long)BinaryPrimitives.ReadUInt16LittleEndian(entry[Offsets.IndexLeafHigh..]) << 32;
    }

    public void SetIndex(int index, long logical, long child)
    {
        var entry = Entry(index);
        entry.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)logical);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[Offsets.IndexLeafLow..], (uint)child);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[Offsets.IndexLeafHigh..], (ushort)(child >> 32));
    }

    /// <summary>Makes room at <paramref name="index"/>; the caller has checked that there is some.</summary>
    public void OpenGap(int index)
    {
        var count = Count;
        Entries(index, count - index).CopyTo(Entries(index + 1, count - index));
        Count = count + 1;
    }

    public void RemoveAt(int index)
    {
        var count = Count;
        Entries(index + 1, count - index - 1).CopyTo(Entries(index, count - index - 1));
        Entry(count - 1).Clear();
        Count = count - 1;
    }

    public Span<byte> Entries(int index, int count) => _data.Slice(HeaderSize + index * EntrySize, count * EntrySize);

    /// <summary>Position of the last entry that starts at or before <paramref name="logical"/>, or -1.</summary>
    public int Search(long logical)
    {
        var low = 0;
        var high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Logical(middle) <= logical)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    private Span<byte> Entry(int index) => Entries(index, 1);
}
