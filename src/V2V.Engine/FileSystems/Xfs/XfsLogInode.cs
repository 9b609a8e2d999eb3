using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// An inode that a transaction changed: its core, in the byte order of the machine, and the forks that changed with it
/// (struct xfs_inode_log_format; fs/xfs/xfs_inode_item_recover.c).
/// </summary>
internal sealed class XfsLogInode
{
    private const int SectorSize = 512;

    /// <summary>A cluster of inodes has 8 KiB, or with large inodes and blocks up to 64.</summary>
    private const int MaxSectors = (64 << 10) / SectorSize;

    /// <summary>Size of the format structure that 32-bit kernels write, without padding before the inode number.</summary>
    private const int Length32 = 52;

    private const int NextUnlinkedOffset = 96;

    private const int LsnOffset = 112;

    private const int CoreSize2 = 96;

    private const int CoreSize3 = 176;

    /// <summary>Bytes of the fields of the core, in order, each of which is a number of its own; from the owner on to the generation.</summary>
    private static readonly int[] s_commonFields = [2, 2, 1, 1, 2, 4, 4, 4, 2, 2];

    private readonly XfsLogItem _item;
    private readonly XfsSuperblock _superblock;
    private readonly Fields _fields;
    private readonly int _offset;

    public XfsLogInode(XfsLogItem item, XfsSuperblock superblock)
    {
        _item = item;
        _superblock = superblock;
        _fields = (Fields)item.U32(4);
        var shift = item.Format.Length == Length32 ? -4 : 0;
        Start = (long)item.U64(40 + shift);
        Count = (int)item.U32(48 + shift);
        _offset = (int)item.U32(52 + shift);
        if (Count is <= 0 or > MaxSectors || Start < 0 || Start > ((long)superblock.DataBlocks << superblock.BlockLog) / SectorSize - Count
            || _offset < 0 || _offset % superblock.InodeSize != 0 || _offset > Count * SectorSize - superblock.InodeSize)
        {
            throw XfsLogItem.Malformed();
        }

        if ((_fields & (Fields.DataOwner | Fields.AttributeOwner)) != 0)
        {
            throw XfsLogReplay.Refuse("its log holds a file whose blocks were exchanged with another's");
        }
    }

    [Flags]
    private enum Fields : uint
    {
        None = 0,
        Data = 0x2,
        DataExtents = 0x4,
        DataRoot = 0x8,
        Device = 0x10,
        Attributes = 0x40,
        AttributeExtents = 0x80,
        AttributeRoot = 0x100,
        DataOwner = 0x200,
        AttributeOwner = 0x400,
    }

    /// <summary>First sector of the cluster, of 512 bytes.</summary>
    public long Start { get; }

    public int Count { get; }

    public void Replay(WritableBlockDevice device, ulong lsn)
    {
        var position = Start * SectorSize + _offset;
        var raw = new byte[_superblock.InodeSize];
        device.Read(position, raw);
        var core = _item.Region(1);
        var version = core.Length > 4 ? core[4] : 0;
        if (version is not (2 or 3) || core.Length < (version == 3 ? CoreSize3 : CoreSize2) || _superblock.IsV5 != (version == 3))
        {
            throw XfsLogItem.Malformed();
        }

        if (version == 3 ? IsNewer(raw, lsn) : IsFlushedLater(raw, core))
        {
            return;
        }

        Store(core, version, raw, lsn);
        StoreForks(raw, version);
        if (version == 3)
        {
            XfsBuffer.StoreChecksum(raw, XfsInode.ChecksumOffset);
        }

        device.Write(position, raw);
    }

    /// <summary>Takes over, from a logged cluster, only the links between unlinked inodes.</summary>
    public static void TakeLinks(byte[] data, byte[] logged, bool[] isChunkLogged, XfsSuperblock superblock)
    {
        var chunk = data.Length / isChunkLogged.Length;
        for (var at = 0; at + superblock.InodeSize <= data.Length; at += superblock.InodeSize)
        {
            var link = at + NextUnlinkedOffset;
            if (isChunkLogged[link / chunk])
            {
                logged.AsSpan(link, sizeof(uint)).CopyTo(data.AsSpan(link));
                if (superblock.IsV5)
                {
                    XfsBuffer.StoreChecksum(data.AsSpan(at, superblock.InodeSize), XfsInode.ChecksumOffset);
                }
            }
        }
    }

    private static bool IsNewer(byte[] raw, ulong lsn)
    {
        var own = raw.AsReadOnly().U64(LsnOffset);
        return own != 0 && own != ulong.MaxValue && own > lsn;
    }

    /// <summary>Version 2 counts how often an inode was written (di_flushiter, 16 bits).</summary>
    private static bool IsFlushedLater(byte[] raw, byte[] core)
    {
        const int FlushCountOffset = 30;
        var onDisk = raw.AsReadOnly().U16(FlushCountOffset);
        var logged = BinaryPrimitives.ReadUInt16LittleEndian(core.AsSpan(FlushCountOffset));
        return logged < onDisk && !(onDisk == ushort.MaxValue && logged < ushort.MaxValue / 2);
    }

    /// <summary>Writes the core in the byte order of the disk. The link to the next unlinked inode and the checksum are not the core's (xfs_log_dinode_to_disk).</summary>
    private static void Store(byte[] core, int version, byte[] raw, ulong lsn)
    {
        const ulong BigTime = (ulong)XfsInodeFlags2.BigTime;
        var flags2 = version == 3 ? BinaryPrimitives.ReadUInt64LittleEndian(core.AsSpan(120)) : 0;
        int[] time = (flags2 & BigTime) != 0 ? [8] : [4, 4];
        int[] head = version == 3 ? [8] : [1, 1, 1, 1, 1, 1, 2];
        var at = Swap(core, raw, 0, [.. s_commonFields, .. head, .. time, .. time, .. time, 8, 8, 4, 4, 2, 1, 1, 4, 2, 2, 4]);
        raw.AsSpan(6, 2).Clear();
        if (version == 3)
        {
            at = Swap(core, raw, at + 8, [8]);
            raw.AsSpan().Put64(LsnOffset, lsn);
            at = Swap(core, raw, at + 8, [8, 4]);
            raw.AsSpan(at, 12).Clear();
            at = Swap(core, raw, at + 12, [.. time, 8]);
            core.AsSpan(at, 16).CopyTo(raw.AsSpan(at));
        }
        else
        {
            raw.AsSpan(24, 8).Clear();
        }
    }

    private static int Swap(byte[] core, byte[] raw, int at, int[] widths)
    {
        foreach (var width in widths)
        {
            core.AsSpan(at, width).CopyTo(raw.AsSpan(at));
            raw.AsSpan(at, width).Reverse();
            at += width;
        }

        return at;
    }

    private void StoreForks(byte[] raw, int version)
    {
        var area = raw.AsSpan(version == 3 ? CoreSize3 : CoreSize2 + sizeof(uint));
        var boundary = raw[82] * XfsInode.ForkOffsetUnit;
        if (boundary >= area.Length)
        {
            throw XfsLogItem.Malformed();
        }

        var data = boundary == 0 ? area : area[..boundary];
        var attributes = boundary == 0 ? [] : area[boundary..];
        if (_fields.HasFlag(Fields.Device))
        {
            data.Put32(0, _item.U32(_item.Format.Length == Length32 ? 20 : 24));
        }

        var region = 2;
        if ((_fields & (Fields.Data | Fields.DataExtents | Fields.DataRoot)) != 0)
        {
            StoreFork(_item.Region(region++), data, _fields.HasFlag(Fields.DataRoot));
        }

        if ((_fields & (Fields.Attributes | Fields.AttributeExtents | Fields.AttributeRoot)) != 0)
        {
            StoreFork(_item.Region(region), attributes, _fields.HasFlag(Fields.AttributeRoot));
        }
    }

    private void StoreFork(byte[] logged, Span<byte> fork, bool isRoot)
    {
        if (!isRoot)
        {
            if (logged.Length > fork.Length)
            {
                throw XfsLogItem.Malformed();
            }

            logged.CopyTo(fork);
            return;
        }

        // A root is logged like a block; in the inode its header is shorter and the pointers come earlier (xfs_bmbt_to_bmdr).
        const int Entry = sizeof(ulong);
        var header = XfsBTreeShapes.Extents.HeaderSize(_superblock.IsV5);
        var source = logged.AsReadOnly();
        var count = logged.Length < header ? -1 : source.U16(6);
        var (from, to) = ((logged.Length - header) / (2 * Entry), (fork.Length - XfsBTreeNode.InodeRootHeaderSize) / (2 * Entry));
        if (count < 0 || count > from || count > to)
        {
            throw XfsLogItem.Malformed();
        }

        source.Slice(4, XfsBTreeNode.InodeRootHeaderSize).CopyTo(fork);
        source.Slice(header, count * Entry).CopyTo(fork[XfsBTreeNode.InodeRootHeaderSize..]);
        source.Slice(header + from * Entry, count * Entry).CopyTo(fork[(XfsBTreeNode.InodeRootHeaderSize + to * Entry)..]);
    }
}
