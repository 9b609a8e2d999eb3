using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Files that were deleted or truncated while open when the guest stopped (Documentation/filesystems/ext4/orphan.rst). As on the next mount,
/// the deletion or truncation is finished.
/// </summary>
internal static class ExtOrphans
{
    /// <summary>At the end of each block of the orphan file: magic number and checksum.</summary>
    private const int TailSize = 8;

    private const uint TailMagic = 0x0B10CA04;

    public static void Process(ExtVolume volume)
    {
        for (var left = volume.Superblock.InodesCount; volume.LastOrphan is not 0 and var number; left--)
        {
            if (left == 0)
            {
                throw ExtErrors.Corrupt("the list of orphan inodes is a loop.");
            }

            using var transaction = volume.Begin();
            var inode = Get(volume, number);
            volume.LastOrphan = inode.DeletionTime;
            Finish(volume, inode);
            transaction.Commit();
        }

        if (volume.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.OrphanPresent))
        {
            ProcessFile(volume);
        }
    }

    private static void ProcessFile(ExtVolume volume)
    {
        var holder = volume.Inodes.Get(volume.Superblock.OrphanFileInode);
        var map = ExtBlockMap.For(volume, holder);
        var seed = volume.InodeChecksumSeed(holder.Number, holder.Generation);
        var blocks = holder.Size / volume.BlockSize;
        if (!holder.IsRegular || blocks > volume.Superblock.BlocksCount)
        {
            throw ExtErrors.Corrupt($"inode {holder.Number} is not an orphan file.");
        }

        using var transaction = volume.Begin();
        for (var logical = 0L; logical < blocks; logical++)
        {
            var physical = map.Require(logical);
            volume.Cache.Read(physical, ExtBlockKind.OrphanFile, (volume, seed), static (s, b, data) => Verify(s.volume, s.seed, b, data));
            var end = volume.BlockSize - TailSize;
            for (var at = 0; at + sizeof(uint) <= end; at += sizeof(uint))
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(volume.Cache.Read(physical).AsSpan(at)) is not 0 and var number)
                {
                    Finish(volume, Get(volume, number));
                    BinaryPrimitives.WriteUInt32LittleEndian(volume.Cache.Modify(physical).AsSpan(at), 0);
                }
            }

            var block = volume.Cache.Modify(physical).AsSpan();
            if (volume.Superblock.HasMetadataChecksums)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(block[(end + sizeof(uint))..], Checksum(seed, physical, block[..end]));
            }
        }

        volume.RoCompat &= ~ExtReadOnlyCompatFeatures.OrphanPresent;
        transaction.Commit();
    }

    private static ExtInode Get(ExtVolume volume, uint number) =>
        number >= volume.Superblock.FirstInode && number != volume.Superblock.OrphanFileInode
            ? volume.Inodes.Get(number)
            : throw ExtErrors.Corrupt($"the reserved inode {number} is on the list of orphans.");

    private static void Finish(ExtVolume volume, ExtInode inode)
    {
        inode.DeletionTime = 0;
        if (inode.LinksCount == 0)
        {
            ExtDeletion.Delete(volume, inode);
        }
        else if (inode.IsRegular)
        {
            new ExtFileData(volume, inode).TrimBehindEnd();
        }
    }

    private static void Verify(ExtVolume volume, uint seed, long block, ReadOnlySpan<byte> data)
    {
        var end = data.Length - TailSize;
        if (BinaryPrimitives.ReadUInt32LittleEndian(data[end..]) != TailMagic
            || (volume.Superblock.HasMetadataChecksums
                && BinaryPrimitives.ReadUInt32LittleEndian(data[(end + sizeof(uint))..]) != Checksum(seed, block, data[..end])))
        {
            throw ExtErrors.Corrupt($"block {block} of the orphan file is damaged.", block * volume.BlockSize);
        }
    }

    private static uint Checksum(uint seed, long block, ReadOnlySpan<byte> entries) => Crc32C.Append(Crc32C.Append(seed, (ulong)block), entries);
}
