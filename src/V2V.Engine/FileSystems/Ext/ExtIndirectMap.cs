using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The block pointers of ext2 and ext3 (Documentation/filesystems/ext4/ifork.rst, "Direct/Indirect Block Addressing"): twelve direct ones, then
/// one each through one, two and three levels of tables.
/// </summary>
internal sealed class ExtIndirectMap(ExtVolume volume, ExtInode inode) : ExtBlockMap(volume, inode)
{
    private const int DirectCount = 12;

    private const int MaxLevels = 3;

    /// <summary>Blocks that are collected before they are freed, so that the tables of a large file do not pile up in memory.</summary>
    private const int MaxFreedTogether = 16384;

    private readonly int _perTable = volume.BlockSize / sizeof(uint);
    private readonly List<(long Start, long Count)> _freed = [];
    private int _freedCount;

    public override long MaxBlocks => Math.Min(uint.MaxValue, DirectCount + Span(1) + Span(2) + Span(3));

    public override ExtRun Lookup(long logical, long maxLength)
    {
        if (logical >= MaxBlocks)
        {
            return new ExtRun(logical, 0, maxLength, ExtRunState.Hole);
        }

        var (slot, levels, index) = Place(logical);
        ReadOnlySpan<uint> table = MemoryMarshal.Cast<byte, uint>(Inode.BlockArea);
        if (levels == 0)
        {
            return Run(table[..DirectCount], slot, logical, maxLength);
        }

        for (var level = levels; level > 0; level--)
        {
            var pointer = Pointer(table[slot]);
            var span = Span(level - 1);
            if (pointer == 0)
            {
                // Everything below this pointer is a hole.
                return new ExtRun(logical, 0, Math.Min(maxLength, Span(level) - index), ExtRunState.Hole);
            }

            table = Table(pointer);
            slot = (int)(index / span);
            index %= span;
        }

        return Run(table, slot, logical, maxLength);
    }

    public override void Insert(long logical, long physical, long length)
    {
        if (physical + length > uint.MaxValue || logical + length > MaxBlocks)
        {
            throw ExtErrors.Full($"Inode {Inode.Number} cannot grow: its block pointers have 32 bits and reach {MaxBlocks} blocks.");
        }

        for (var end = logical + length; logical < end; logical++, physical++)
        {
            SetPointer(logical, physical);
        }
    }

    /// <summary>Without extents there are no unwritten blocks.</summary>
    public override void MarkWritten(long logical, long length) =>
        throw new InvalidOperationException("Block pointers have no unwritten state.");

    public override void Truncate(long from)
    {
        for (var i = (int)Math.Min(from, DirectCount); i < DirectCount; i++)
        {
            if (ReadRoot(i) is not 0 and var block)
            {
                Release(block);
                WriteRoot(i, 0);
            }
        }

        var first = (long)DirectCount;
        for (var level = 1; level <= MaxLevels; level++)
        {
            var slot = DirectCount + level - 1;
            var block = ReadRoot(slot);
            if (block != 0 && from < first + Span(level) && TrimTable(block, level, Math.Max(0, from - first)))
            {
                Release(block);
                WriteRoot(slot, 0);
            }

            first += Span(level);
        }

        FreeCollected();
    }

    private void FreeCollected()
    {
        foreach (var (start, count) in _freed)
        {
            Free(start, count);
        }

        _freed.Clear();
        _freedCount = 0;
    }

    /// <summary>Frees what a table maps from its block <paramref name="from"/> on; true when nothing is left in it.</summary>
    private bool TrimTable(long block, int level, long from)
    {
        var span = Span(level - 1);
        var firstSlot = (int)(from / span);
        for (var slot = firstSlot; slot < _perTable; slot++)
        {
            var pointer = Pointer(Table(block)[slot]);
            if (pointer == 0)
            {
                continue;
            }

            var inner = slot == firstSlot ? from % span : 0;
            if (level > 1 && !TrimTable(pointer, level - 1, inner))
            {
                continue;
            }

            Release(pointer);
            if (from > 0)
            {
                WritePointer(Volume.Cache.Modify(block), slot, 0);
            }
        }

        // A table that goes as a whole is not worth clearing.
        return from == 0 || Table(block).IndexOfAnyExcept(0u) < 0;
    }

    /// <summary>Collects neighbouring blocks, so that the bitmaps are changed by runs.</summary>
    private void Release(long block)
    {
        Volume.CheckDataBlocks(block, 1, Inode.Number);
        if (++_freedCount > MaxFreedTogether)
        {
            FreeCollected();
        }

        if (_freed.Count > 0 && _freed[^1] is var last && last.Start + last.Count == block)
        {
            _freed[^1] = (last.Start, last.Count + 1);
        }
        else
        {
            _freed.Add((block, 1));
        }
    }

    private void SetPointer(long logical, long physical)
    {
        var (slot, levels, index) = Place(logical);
        if (levels == 0)
        {
            WriteRoot(slot, physical);
            return;
        }

        var table = ReadRoot(slot);
        if (table == 0)
        {
            table = CreateTable();
            WriteRoot(slot, table);
        }

        for (var level = levels; ; level--)
        {
            var span = Span(level - 1);
            var at = (int)(index / span);
            index %= span;
            if (level == 1)
            {
                WritePointer(Volume.Cache.Modify(table), at, physical);
                return;
            }

            var next = Pointer(Table(table)[at]);
            if (next == 0)
            {
                next = CreateTable();
                WritePointer(Volume.Cache.Modify(table), at, next);
            }

            table = next;
        }
    }

    private long CreateTable()
    {
        var block = AllocateMapBlock();
        if (block > uint.MaxValue)
        {
            throw ExtErrors.Full($"Inode {Inode.Number} cannot grow: its block pointers have 32 bits.");
        }

        Volume.Cache.Create(block, ExtBlockKind.IndirectBlock);
        return block;
    }

    /// <summary>The slot in i_block, the number of tables below it, and the block's number within what they map.</summary>
    private (int Slot, int Levels, long Index) Place(long logical)
    {
        if (logical < DirectCount)
        {
            return ((int)logical, 0, 0);
        }

        logical -= DirectCount;
        for (var level = 1; ; level++)
        {
            if (logical < Span(level))
            {
                return (DirectCount + level - 1, level, logical);
            }

            logical -= Span(level);
        }
    }

    /// <summary>Blocks that a pointer with this many levels of tables below it maps.</summary>
    private long Span(int levels)
    {
        var span = 1L;
        for (var i = 0; i < levels; i++)
        {
            span *= _perTable;
        }

        return span;
    }

    private ExtRun Run(ReadOnlySpan<uint> table, int slot, long logical, long maxLength)
    {
        var physical = Pointer(table[slot]);
        var length = 1;
        var limit = Math.Min(maxLength, table.Length - slot);
        while (length < limit && Pointer(table[slot + length]) == (physical == 0 ? 0 : physical + length))
        {
            length++;
        }

        if (physical == 0)
        {
            return new ExtRun(logical, 0, length, ExtRunState.Hole);
        }

        Volume.CheckDataBlocks(physical, length, Inode.Number);
        return new ExtRun(logical, physical, length, ExtRunState.Written);
    }

    private ReadOnlySpan<uint> Table(long block)
    {
        Volume.CheckDataBlocks(block, 1, Inode.Number);
        return MemoryMarshal.Cast<byte, uint>(Volume.Cache.Read(block).AsSpan());
    }

    private static long Pointer(uint raw) => BitConverter.IsLittleEndian ? raw : BinaryPrimitives.ReverseEndianness(raw);

    private static void WritePointer(Span<byte> table, int slot, long value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(table[(slot * sizeof(uint))..], (uint)value);

    private long ReadRoot(int slot) => BinaryPrimitives.ReadUInt32LittleEndian(Inode.BlockArea[(slot * sizeof(uint))..]);

    private void WriteRoot(int slot, long value) => WritePointer(Inode.ModifyBlockArea(), slot, value);
}
