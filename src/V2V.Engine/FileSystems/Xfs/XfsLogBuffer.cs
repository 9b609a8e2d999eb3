using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Parts of a block that a transaction changed (struct xfs_buf_log_format; fs/xfs/xfs_buf_item_recover.c).</summary>
internal sealed class XfsLogBuffer
{
    private const int SectorSize = 512;

    /// <summary>A bit of the map stands for so many bytes.</summary>
    private const int ChunkSize = 128;

    /// <summary>A directory block, or a cluster of inodes, of 64 KiB.</summary>
    private const int MaxSectors = (64 << 10) / SectorSize;

    private const ushort InodeFlag = 0x1;
    private const ushort CancelFlag = 0x2;
    private const ushort QuotaFlags = 0x4 | 0x8 | 0x10;

    private static class Offsets
    {
        public const int Flags = 4;
        public const int Count = 6;
        public const int Start = 8;
        public const int MapWords = 16;
        public const int Map = 20;
    }

    private readonly XfsLogItem _item;
    private readonly XfsSuperblock _superblock;

    public XfsLogBuffer(XfsLogItem item, XfsSuperblock superblock)
    {
        _item = item;
        _superblock = superblock;
        Start = (long)item.U64(Offsets.Start);
        Count = item.U16(Offsets.Count);
        if (Count is 0 or > MaxSectors || Start < 0 || Start > ((long)superblock.DataBlocks << superblock.BlockLog) / SectorSize - Count)
        {
            throw XfsLogItem.Malformed();
        }

        if ((item.U16(Offsets.Flags) & QuotaFlags) != 0)
        {
            throw XfsLogReplay.Refuse("its log holds changes of quotas");
        }
    }

    /// <summary>First sector of the volume, of 512 bytes.</summary>
    public long Start { get; }

    public int Count { get; }

    public bool IsCancellation => (_item.U16(Offsets.Flags) & CancelFlag) != 0;

    /// <summary>Only the links between unlinked inodes are replayed from it.</summary>
    public bool HoldsInodes => (_item.U16(Offsets.Flags) & InodeFlag) != 0;

    public void Replay(WritableBlockDevice device, ulong lsn)
    {
        var data = new byte[Count * SectorSize];
        device.Read(Start * SectorSize, data);
        if (HoldsInodes)
        {
            var logged = (byte[])data.Clone();
            var isLogged = Apply(logged);
            XfsLogInode.TakeLinks(data, logged, isLogged, _superblock);
        }
        else
        {
            if (_superblock.IsV5 && XfsLogStamp.Of(data, _superblock) is { } before && before.IsNewer(data, lsn, _superblock))
            {
                return;
            }

            Apply(data);
            if (_superblock.IsV5)
            {
                XfsLogStamp.Of(data, _superblock)?.Stamp(data, lsn);
            }
        }

        device.Write(Start * SectorSize, data);
    }

    /// <summary>Copies the logged regions to their places; returns which chunks they are.</summary>
    private bool[] Apply(byte[] data)
    {
        var chunks = new bool[data.Length / ChunkSize];
        var words = _item.U32(Offsets.MapWords);
        var bits = Math.Min((long)words * 32, ((long)_item.Format.Length - Offsets.Map) * 8);
        var region = 1;
        for (var bit = 0; bit < bits;)
        {
            if (!IsSet(bit))
            {
                bit++;
                continue;
            }

            // Every run of changed chunks is a region of its own, and may be split in several.
            var bytes = _item.Region(region++);
            if (bytes.Length == 0 || bytes.Length % ChunkSize != 0 || bit * ChunkSize + bytes.Length > data.Length)
            {
                throw XfsLogItem.Malformed();
            }

            bytes.CopyTo(data, bit * ChunkSize);
            for (var end = bit + bytes.Length / ChunkSize; bit < end; bit++)
            {
                chunks[bit] = true;
            }
        }

        return chunks;
    }

    private bool IsSet(int bit) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(_item.Format[(Offsets.Map + bit / 32 * sizeof(uint))..]) >> (bit % 32) & 1) != 0;
}
