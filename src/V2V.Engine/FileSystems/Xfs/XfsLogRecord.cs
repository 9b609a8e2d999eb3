using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// A record of the log: a header of one or more blocks, and contents of which the first word of every block was replaced by the number of the
/// round, and is kept in the header (XFS Algorithms &amp; Data Structures, "Log Records").
/// </summary>
internal sealed class XfsLogRecord
{
    private const uint Magic = 0xFEEDBABE;

    /// <summary>A header keeps the words of so many blocks.</summary>
    private const int WordsPerHeader = 64;

    /// <summary>The longest record's contents.</summary>
    private const uint MaxLength = 256 << 10;

    private const uint Version2 = 2;

    /// <summary>Bytes of a header that the checksum covers, as 64-bit and 32-bit kernels pad it, and of one that continues it.</summary>
    private const int Length64 = 328;
    private const int Length32 = 324;
    private const int MoreLength = 260;

    private static class Offsets
    {
        public const int Cycle = 4;
        public const int Version = 8;
        public const int Length = 12;
        public const int Lsn = 16;
        public const int TailLsn = 24;
        public const int Checksum = 32;
        public const int PreviousBlock = 36;
        public const int OperationCount = 40;
        public const int Words = 44;
        public const int Format = 300;
        public const int Uuid = 304;
        public const int Size = 320;

        /// <summary>In a header that continues another one.</summary>
        public const int MoreWords = 4;
    }

    private readonly byte[] _header;

    private XfsLogRecord(long block, byte[] header, byte[] contents)
    {
        Block = block;
        _header = header;
        Contents = contents;
    }

    public long Block { get; }

    public uint Cycle => Header.U32(Offsets.Cycle);

    public ulong Lsn => Header.U64(Offsets.Lsn);

    /// <summary>Block of the oldest record that may have to be replayed.</summary>
    public long TailBlock => (uint)Header.U64(Offsets.TailLsn);

    public uint TailCycle => (uint)(Header.U64(Offsets.TailLsn) >> 32);

    public int OperationCount => (int)Header.U32(Offsets.OperationCount);

    /// <summary>The operations, as they were before they were put into blocks.</summary>
    public byte[] Contents { get; }

    public long Blocks => (_header.Length + Contents.Length) / XfsLog.BlockSize;

    private ReadOnlySpan<byte> Header => _header;

    /// <summary>True for what a clean unmount writes.</summary>
    public bool IsUnmount => OperationCount == 1 && Contents.Length >= XfsLogOperation.HeaderSize && XfsLogOperation.Parse(Contents, 0).IsUnmount;

    public static bool IsHeader(ReadOnlySpan<byte> block) => block.U32(0) == Magic;

    public static uint CycleOf(ReadOnlySpan<byte> header) => header.U32(Offsets.Cycle);

    /// <summary>The record that begins at a block; null when it is none, or not whole.</summary>
    public static XfsLogRecord? TryRead(XfsLog log, long block)
    {
        var first = log.Read(block, 1).AsReadOnly();
        var length = first.U32(Offsets.Length);
        var lsn = first.U64(Offsets.Lsn);
        if (first.U32(0) != Magic || length == 0 || length > MaxLength || (uint)lsn != block || lsn >> 32 != first.U32(Offsets.Cycle))
        {
            return null;
        }

        var size = first.U32(Offsets.Version) >= Version2 ? first.U32(Offsets.Size) : 0;
        var headers = size is > WordsPerHeader * XfsLog.BlockSize and <= MaxLength
            ? (int)((size + WordsPerHeader * XfsLog.BlockSize - 1) / (WordsPerHeader * XfsLog.BlockSize))
            : 1;
        var blocks = (length + XfsLog.BlockSize - 1) / XfsLog.BlockSize;
        if (headers + blocks >= log.Count || blocks > headers * WordsPerHeader)
        {
            return null;
        }

        var header = log.Read(block, headers);
        var contents = log.Read((block + headers) % log.Count, blocks);
        if (!HasValidChecksum(header, contents.AsSpan(0, (int)length), mayLack: !log.Superblock.IsV5 || first.U32(Offsets.OperationCount) == 1))
        {
            return null;
        }

        for (var i = 0; i < blocks; i++)
        {
            // Blocks of a record that goes over the ring's end belong to the next round from there on.
            var round = block + headers + i >= log.Count ? first.U32(Offsets.Cycle) + 1 : first.U32(Offsets.Cycle);
            if (contents.AsReadOnly().U32(i * XfsLog.BlockSize) != round)
            {
                return null;
            }

            var kept = i < WordsPerHeader ? Offsets.Words + i * 4 : i / WordsPerHeader * XfsLog.BlockSize + Offsets.MoreWords + i % WordsPerHeader * 4;
            header.AsSpan(kept, sizeof(uint)).CopyTo(contents.AsSpan(i * XfsLog.BlockSize));
        }

        return new XfsLogRecord(block, header, contents);
    }

    /// <summary>The block behind this record.</summary>
    public long End(XfsLog log) => (Block + Blocks) % log.Count;

    /// <summary>The record of a clean unmount.</summary>
    public static byte[] MakeUnmount(XfsLog log, XfsLogRecord previous, long block, uint cycle)
    {
        var unit = Math.Max(XfsLog.BlockSize, (int)log.Superblock.LogStripeUnit);
        var headerLength = previous._header.Length;
        var raw = new byte[(headerLength + XfsLog.BlockSize + unit - 1) / unit * unit];
        WriteHeader(raw, log, previous, cycle, block, block);
        var contents = raw.AsSpan(headerLength);
        raw.AsSpan().Put32(Offsets.Length, (uint)contents.Length);
        raw.AsSpan().Put32(Offsets.PreviousBlock, (uint)previous.Block);
        raw.AsSpan().Put32(Offsets.OperationCount, 1);
        XfsLogOperation.WriteUnmount(contents);
        for (var i = 1; i < headerLength / XfsLog.BlockSize; i++)
        {
            raw.AsSpan().Put32(i * XfsLog.BlockSize, cycle);
        }

        for (var i = 0; i < contents.Length / XfsLog.BlockSize; i++)
        {
            var kept = i < WordsPerHeader ? Offsets.Words + i * 4 : i / WordsPerHeader * XfsLog.BlockSize + Offsets.MoreWords + i % WordsPerHeader * 4;
            contents.Slice(i * XfsLog.BlockSize, sizeof(uint)).CopyTo(raw.AsSpan(kept));
            var at = block + headerLength / XfsLog.BlockSize + i;
            contents.Put32(i * XfsLog.BlockSize, at >= log.Count ? cycle + 1 : cycle);
        }

        var checksum = XfsLog.ComputeChecksum(raw, Offsets.Checksum, Length64, (headerLength / XfsLog.BlockSize) - 1, MoreLength, contents);
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(Offsets.Checksum), checksum);
        return raw;
    }

    /// <summary>A block that belongs to an earlier round.</summary>
    public static byte[] MakeStale(XfsLog log, XfsLogRecord previous, uint cycle, long block)
    {
        var raw = new byte[XfsLog.BlockSize];
        WriteHeader(raw, log, previous, cycle, block, block);
        return raw;
    }

    private static void WriteHeader(Span<byte> raw, XfsLog log, XfsLogRecord previous, uint cycle, long block, long tail)
    {
        raw.Put32(0, Magic);
        raw.Put32(Offsets.Cycle, cycle);
        raw.Put32(Offsets.Version, previous.Header.U32(Offsets.Version));
        raw.Put64(Offsets.Lsn, (ulong)cycle << 32 | (uint)block);
        raw.Put64(Offsets.TailLsn, (ulong)cycle << 32 | (uint)tail);
        raw.Put32(Offsets.Format, previous.Header.U32(Offsets.Format));
        log.Superblock.UuidBytes.CopyTo(raw[Offsets.Uuid..]);
        raw.Put32(Offsets.Size, previous.Header.U32(Offsets.Size));
    }

    /// <summary>Version 5 demands the checksum; on version 4 kernels before Linux 3.10 left it zero, as xfsprogs does in the unmount record of a fresh log.</summary>
    private static bool HasValidChecksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> contents, bool mayLack)
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.Checksum..]);
        if (stored == 0 && mayLack)
        {
            return true;
        }

        var more = (header.Length / XfsLog.BlockSize) - 1;
        return stored == XfsLog.ComputeChecksum(header, Offsets.Checksum, Length64, more, MoreLength, contents)
            || stored == XfsLog.ComputeChecksum(header, Offsets.Checksum, Length32, more, MoreLength, contents);
    }
}
