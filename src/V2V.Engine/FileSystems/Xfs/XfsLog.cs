using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The log, as far as it is needed to see that nothing in it waits to be replayed: the record in front of the head must be the one that a clean
/// unmount writes (XFS Algorithms &amp; Data Structures, "Journaling Log"; fs/xfs/xfs_log_recover.c, xlog_find_head and xlog_find_tail).
/// </summary>
internal sealed class XfsLog
{
    /// <summary>Everything in the log is counted in these.</summary>
    private const int BlockSize = 512;

    private const uint RecordMagic = 0xFEEDBABE;

    /// <summary>A record header covers this many bytes of the record; a longer record has several.</summary>
    private const int HeaderCycleSize = 32 << 10;

    /// <summary>The longest record, 256 KiB, with its headers.</summary>
    private const int MaxRecordBlocks = (256 << 10) / BlockSize + 8;

    /// <summary>h_version of records that may have several headers.</summary>
    private const uint RecordVersion2 = 2;

    private static class Offsets
    {
        public const int Cycle = 4;
        public const int Version = 8;
        public const int Length = 12;
        public const int OperationCount = 40;
        public const int Size = 320;

        /// <summary>oh_flags of an operation's header.</summary>
        public const int OperationFlags = 9;
    }

    /// <summary>XLOG_UNMOUNT_TRANS.</summary>
    private const byte UnmountFlag = 0x20;

    private readonly BlockDevice _device;
    private readonly long _start;
    private readonly long _count;

    public XfsLog(BlockDevice device, XfsSuperblock superblock)
    {
        _device = device;
        _start = superblock.ByteOf(superblock.LogStart);
        _count = ((long)superblock.LogBlocks << superblock.BlockLog) / BlockSize;
    }

    /// <summary>True when the file system was unmounted cleanly, or never mounted.</summary>
    public bool IsClean()
    {
        if (_start > _device.Length - _count * BlockSize)
        {
            throw XfsErrors.Corrupt("the log lies beyond the end of the volume.", _start);
        }

        var first = ReadCycle(0);
        if (first == 0)
        {
            // Never written: mkfs.xfs of long ago left it so.
            return ReadCycle(_count - 1) == 0;
        }

        var head = FindHead(first);
        for (var back = 1L; back <= Math.Min(MaxRecordBlocks, _count); back++)
        {
            var at = (head - back + _count) % _count;
            var header = ReadBlock(at);
            if (header.AsReadOnly().U32(0) == RecordMagic)
            {
                return IsUnmountRecord(header, at, head);
            }
        }

        return false;
    }

    /// <summary>The block behind the newest record: the first one whose cycle number differs from the first block's.</summary>
    private long FindHead(uint firstCycle)
    {
        if (ReadCycle(_count - 1) == firstCycle)
        {
            return 0;
        }

        var (low, high) = (0L, _count - 1);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (ReadCycle(middle) == firstCycle)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }

    private bool IsUnmountRecord(byte[] header, long at, long head)
    {
        var raw = header.AsReadOnly();
        var length = raw.U32(Offsets.Length);
        var headers = raw.U32(Offsets.Version) >= RecordVersion2 && raw.U32(Offsets.Size) > HeaderCycleSize
            ? ((long)raw.U32(Offsets.Size) + HeaderCycleSize - 1) / HeaderCycleSize
            : 1;
        var after = (at + headers + ((long)length + BlockSize - 1) / BlockSize) % _count;
        if (after != head || raw.U32(Offsets.OperationCount) != 1)
        {
            return false;
        }

        return (ReadBlock((at + headers) % _count)[Offsets.OperationFlags] & UnmountFlag) != 0;
    }

    /// <summary>The cycle number that every block carries: its first word or, in a record's header, the second.</summary>
    private uint ReadCycle(long block)
    {
        var raw = ReadBlock(block).AsReadOnly();
        return raw.U32(0) == RecordMagic ? raw.U32(Offsets.Cycle) : raw.U32(0);
    }

    private byte[] ReadBlock(long block)
    {
        var data = new byte[BlockSize];
        _device.Read(_start + block * BlockSize, data);
        return data;
    }
}
