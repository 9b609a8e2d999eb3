using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>A block of the free index (xfs_dir2_free): the longest free record of each of a run of data blocks.</summary>
internal sealed class XfsDirectoryFreeIndex
{
    /// <summary>Stands for a data block that is not there (NULLDATAOFF).</summary>
    public const ushort NoBlock = 0xFFFF;

    private const uint Magic4 = 0x58443246;

    private const uint Magic5 = 0x58444633;

    private readonly XfsFork _fork;
    private readonly XfsDirectoryLayout _layout;
    private readonly XfsBuffer _buffer;

    private static class Offsets
    {
        /// <summary>Behind the magic number or v5 header.</summary>
        public const int FirstBlock = 0;
        public const int Count = 4;
        public const int UsedCount = 8;

        /// <summary>Version 5 aligns the header to eight bytes.</summary>
        public const int Version4End = 12;
        public const int Version5End = 16;
    }

    /// <exception cref="GuestFileSystemException">It is no block of a free index, or not this one.</exception>
    public XfsDirectoryFreeIndex(XfsFork fork, XfsDirectoryLayout layout, uint number, XfsBuffer buffer)
    {
        (_fork, _layout, Number, _buffer) = (fork, layout, number, buffer);
        if (BinaryPrimitives.ReadUInt32BigEndian(Data) != Magic(fork) || Get(Offsets.FirstBlock) != FirstBlock
            || Get(Offsets.Count) > (uint)Capacity || Get(Offsets.UsedCount) > Get(Offsets.Count))
        {
            throw XfsErrors.Corrupt($"block {number} of the free index of directory {fork.Owner} is malformed.", buffer.Address);
        }

        layout.Verify(fork, buffer);
    }

    /// <summary>Number among the blocks of the free index.</summary>
    public uint Number { get; }

    /// <summary>The data blocks that it has places for.</summary>
    public int Capacity => CapacityOf(_fork.Geometry, _layout);

    /// <summary>Number of the first data block that it is about.</summary>
    public uint FirstBlock => Number * (uint)Capacity;

    /// <summary>Places up to the last data block that is there.</summary>
    public int Count => (int)Get(Offsets.Count);

    /// <summary>Data blocks that are there.</summary>
    public int UsedCount => (int)Get(Offsets.UsedCount);

    private byte[] Data => _buffer.Data;

    private int BestsStart => BestsStartOf(_fork.Geometry, _layout);

    public static int CapacityOf(XfsGeometry geometry, XfsDirectoryLayout layout) => (layout.BlockSize - BestsStartOf(geometry, layout)) / sizeof(ushort);

    /// <summary>Makes a new block one of the free index, without data blocks.</summary>
    public static XfsDirectoryFreeIndex Initialise(XfsFork fork, XfsDirectoryLayout layout, uint number, XfsBuffer buffer)
    {
        buffer.MarkDirty();
        buffer.Data.AsSpan().Clear();
        layout.WriteHeader(fork, buffer, Magic(fork));
        BinaryPrimitives.WriteUInt32BigEndian(
            buffer.Data.AsSpan(layout.BlockHeaderSize + Offsets.FirstBlock), number * (uint)CapacityOf(fork.Geometry, layout));
        return new XfsDirectoryFreeIndex(fork, layout, number, buffer);
    }

    public ushort Best(int index) => index < Count ? BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(At(index))) : NoBlock;

    /// <summary>Notes the longest free record of a data block, or with <see cref="NoBlock"/> that it is gone.</summary>
    public void SetBest(int index, ushort best)
    {
        var (count, used) = (Count, UsedCount - (Best(index) == NoBlock ? 0 : 1) + (best == NoBlock ? 0 : 1));
        _buffer.MarkDirty();
        for (; count <= index; count++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(At(count)), NoBlock);
        }

        BinaryPrimitives.WriteUInt16BigEndian(Data.AsSpan(At(index)), best);
        while (count > 0 && BinaryPrimitives.ReadUInt16BigEndian(Data.AsSpan(At(count - 1))) == NoBlock)
        {
            count--;
        }

        Put(Offsets.Count, count);
        Put(Offsets.UsedCount, used);
    }

    private static uint Magic(XfsFork fork) => fork.Geometry.IsV5 ? Magic5 : Magic4;

    private static int BestsStartOf(XfsGeometry geometry, XfsDirectoryLayout layout) =>
        layout.BlockHeaderSize + (geometry.IsV5 ? Offsets.Version5End : Offsets.Version4End);

    private int At(int index) => BestsStart + (index * sizeof(ushort));

    private uint Get(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Data.AsSpan(_layout.BlockHeaderSize + offset));

    private void Put(int offset, int value) => BinaryPrimitives.WriteUInt32BigEndian(Data.AsSpan(_layout.BlockHeaderSize + offset), (uint)value);
}
