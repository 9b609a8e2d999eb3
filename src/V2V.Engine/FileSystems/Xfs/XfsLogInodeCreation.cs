using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>New inodes that a transaction made: only where and how many is logged, in the byte order of the disk (struct xfs_icreate_log).</summary>
internal static class XfsLogInodeCreation
{
    private static class Offsets
    {
        public const int Ag = 4;
        public const int AgBlock = 8;
        public const int Count = 12;
        public const int InodeSize = 16;
        public const int Length = 20;
        public const int Generation = 24;
    }

    public static void Replay(XfsLogItem item, WritableBlockDevice device, XfsSuperblock superblock, XfsLogCancelled cancelled)
    {
        uint Field(int offset) => BinaryPrimitives.ReverseEndianness(item.U32(offset));
        var (ag, first, length) = (Field(Offsets.Ag), Field(Offsets.AgBlock), Field(Offsets.Length));
        if (ag >= superblock.AgCount || length is 0 or > XfsInodeChunk.Inodes || !superblock.AreInAg(ag, first, length)
            || Field(Offsets.InodeSize) != superblock.InodeSize || Field(Offsets.Count) != length << superblock.InodesPerBlockLog)
        {
            throw XfsLogItem.Malformed();
        }

        var position = superblock.ByteOf(ag, first);
        if (cancelled.ContainsAny(position / XfsLog.BlockSize, (long)length << superblock.BlockLog >> 9))
        {
            return;
        }

        var inodes = new byte[length << superblock.BlockLog];
        for (var slot = 0u; slot < Field(Offsets.Count); slot++)
        {
            var number = (ulong)ag << superblock.AgInodeLog | (first << superblock.InodesPerBlockLog) + slot;
            XfsInode.CreateFree(superblock, number, Field(Offsets.Generation)).CopyTo(inodes, (int)slot << superblock.InodeLog);
        }

        device.Write(position, inodes);
    }
}
