using V2V.Engine.Disks;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The log as a ring of 512-byte blocks, each of which carries the number of the round in which it was written (XFS Algorithms &amp; Data
/// Structures, "Journaling Log"; fs/xfs/xfs_log_recover.c).
/// </summary>
internal sealed class XfsLog
{
    /// <summary>Everything in the log is counted in these.</summary>
    public const int BlockSize = 512;

    /// <summary>Records that may be on their way to the disk at once (XLOG_MAX_ICLOGS), each of at most 256 KiB.</summary>
    private const int MaxPendingBlocks = 8 * (256 << 10) / BlockSize;

    /// <summary>Records that are tried as the newest one; more than can be broken at once.</summary>
    private const int MaxAttempts = 32;

    private readonly WritableBlockDevice _device;
    private readonly long _start;

    public XfsLog(WritableBlockDevice device, XfsSuperblock superblock)
    {
        _device = device;
        Superblock = superblock;
        _start = superblock.ByteOf(superblock.LogStart);
        Count = ((long)superblock.LogBlocks << superblock.BlockLog) / BlockSize;
    }

    public XfsSuperblock Superblock { get; }

    /// <summary>Blocks in the ring.</summary>
    public long Count { get; }

    /// <summary>The number of the round at the beginning of the ring; 0 when nothing was ever written.</summary>
    public uint FirstCycle => ReadCycle(0);

    /// <summary>
    /// The newest record that can be replayed from its tail on: every record between is whole. What was written behind it, out of order, when
    /// the machine stopped, does not count. Null when there is no such record.
    /// </summary>
    public XfsLogRecord? FindNewest()
    {
        var head = FindHead();
        var attempts = 0;
        for (var back = 1L; back <= Math.Min(2 * MaxPendingBlocks, Count) && attempts < MaxAttempts; back++)
        {
            var at = (head - back + Count) % Count;
            if (!XfsLogRecord.IsHeader(Read(at, 1)) || XfsLogRecord.TryRead(this, at) is not { } newest
                || newest.Cycle != (at < head ? FirstCycle : ReadCycle(Count - 1)))
            {
                continue;
            }

            attempts++;
            if (FindBroken(newest) is not { } broken)
            {
                return newest;
            }

            // Whatever follows a broken record is lost; go on in front of it.
            back = (head - broken + Count) % Count;
        }

        return null;
    }

    /// <summary>The records from the tail that the newest one names to itself.</summary>
    public IEnumerable<XfsLogRecord> FromTail(XfsLogRecord newest)
    {
        var at = newest.TailBlock % Count;
        for (var walked = 0L; walked <= Count;)
        {
            var record = XfsLogRecord.TryRead(this, at) ?? throw XfsErrors.Corrupt("the log has a broken record.", _start + at * BlockSize);
            yield return record;
            if (at == newest.Block)
            {
                yield break;
            }

            walked += record.Blocks;
            at = record.End(this);
        }
    }

    public byte[] Read(long block, long count)
    {
        var data = new byte[count * BlockSize];
        var first = Math.Min(count, Count - block);
        _device.Read(_start + block * BlockSize, data.AsSpan(0, (int)first * BlockSize));
        if (first < count)
        {
            _device.Read(_start, data.AsSpan((int)first * BlockSize));
        }

        return data;
    }

    /// <summary>Ends the log with the record of a clean unmount, so that there is nothing to replay any more.</summary>
    public void MarkClean(XfsLogRecord newest)
    {
        var at = newest.End(this);
        var cycle = at <= newest.Block ? newest.Cycle + 1 : newest.Cycle;
        var record = XfsLogRecord.MakeUnmount(this, newest, at, cycle);
        for (var i = 0; i < record.Length / BlockSize; i++)
        {
            Write((at + i) % Count, record.AsSpan(i * BlockSize, BlockSize));
        }

        // What was on its way behind the old head must not look like a continuation (xlog_clear_stale_blocks).
        var block = (at + record.Length / BlockSize) % Count;
        var behind = block <= at ? cycle + 1 : cycle;
        for (var i = 0; i < Math.Min(MaxPendingBlocks, Count - record.Length / BlockSize - 1); i++)
        {
            if (ReadCycle(block) == behind)
            {
                Write(block, XfsLogRecord.MakeStale(this, newest, behind - 1, block));
            }

            if (++block == Count)
            {
                block = 0;
                behind++;
            }
        }
    }

    public bool IsWithinDevice => _start <= _device.Length - Count * BlockSize;

    /// <summary>CRC-32C of the header, its own field taken as zeros, of the headers that continue it, and of the contents.</summary>
    public static uint ComputeChecksum(ReadOnlySpan<byte> header, int checksumOffset, int headerLength, int moreHeaders, int moreLength, ReadOnlySpan<byte> contents)
    {
        var crc = Crc32C.Append(uint.MaxValue, header[..checksumOffset]);
        crc = Crc32C.Append(crc, 0u);
        crc = Crc32C.Append(crc, header[(checksumOffset + sizeof(uint))..headerLength]);
        for (var i = 1; i <= moreHeaders; i++)
        {
            crc = Crc32C.Append(crc, header.Slice(i * BlockSize, moreLength));
        }

        return ~Crc32C.Append(crc, contents);
    }

    /// <summary>The block behind the newest record, by the numbers of rounds alone; blocks that are missing before it make it earlier.</summary>
    private long FindHead()
    {
        var first = FirstCycle;
        var head = 0L;
        if (ReadCycle(Count - 1) != first)
        {
            var (low, high) = (0L, Count - 1);
            while (high - low > 1)
            {
                var middle = (low + high) / 2;
                if (ReadCycle(middle) == first)
                {
                    low = middle;
                }
                else
                {
                    high = middle;
                }
            }

            head = high;
        }

        return head;
    }

    /// <summary>The first record from the tail on that is not whole; null when all are, up to the newest.</summary>
    private long? FindBroken(XfsLogRecord newest)
    {
        var at = newest.TailBlock % Count;
        var cycle = newest.TailCycle;
        for (var walked = 0L; walked <= Count;)
        {
            if (at == newest.Block)
            {
                return null;
            }

            if (XfsLogRecord.TryRead(this, at) is not { } record || record.Cycle != cycle)
            {
                return at;
            }

            walked += record.Blocks;
            at = record.End(this);
            cycle += at <= record.Block ? 1u : 0;
        }

        return at;
    }

    /// <summary>The number of a block's round: its first word or, in a record's header, the second.</summary>
    private uint ReadCycle(long block)
    {
        var raw = Read(block, 1);
        return XfsLogRecord.IsHeader(raw) ? XfsLogRecord.CycleOf(raw) : raw.AsReadOnly().U32(0);
    }

    private void Write(long block, ReadOnlySpan<byte> data) => _device.Write(_start + block * BlockSize, data);
}
