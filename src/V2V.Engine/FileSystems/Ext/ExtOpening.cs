using System.Buffers.Binary;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>From a device to a volume whose metadata can be used: finds a good superblock and replays the journal if it must be.</summary>
internal static class ExtOpening
{
    /// <summary>Groups that hold a backup superblock whatever the sparse_super feature says, and few enough to look at.</summary>
    private static readonly int[] s_backupGroups = [1, 3, 5, 7, 9];

    public static ExtVolume Open(WritableBlockDevice device)
    {
        var (superblock, position) = ReadSuperblock(device);
        CheckLength(device, superblock);
        if (superblock.Incompat.HasFlag(ExtIncompatFeatures.Recover) && position == ExtSuperblock.Position)
        {
            ReplayJournal(device, superblock);
            (superblock, position) = ReadSuperblock(device);
            CheckLength(device, superblock);
            var volume = new ExtVolume(device, superblock, position);
            Recount(volume);
            volume.Cache.WriteBack();
            return volume;
        }

        return new ExtVolume(device, superblock, position);
    }

    /// <summary>The primary superblock or, when that is damaged, the first good backup.</summary>
    private static (ExtSuperblock Superblock, long Position) ReadSuperblock(WritableBlockDevice device)
    {
        try
        {
            return (ReadSuperblock(device, ExtSuperblock.Position), ExtSuperblock.Position);
        }
        catch (GuestFileSystemException e) when (e.Error == V2VError.FileSystemCorrupt)
        {
            for (var blockSize = 1024; blockSize <= 65536; blockSize *= 2)
            {
                foreach (var group in s_backupGroups)
                {
                    var block = (long)group * blockSize * 8 + (blockSize == 1024 ? 1 : 0);
                    if (TryReadBackup(device, block * blockSize, blockSize) is { } backup)
                    {
                        return (backup, block * blockSize);
                    }
                }
            }

            throw;
        }
    }

    private static ExtSuperblock ReadSuperblock(WritableBlockDevice device, long position)
    {
        if (position > device.Length - ExtSuperblock.Size)
        {
            throw ExtErrors.Corrupt($"the volume of {device.Length} bytes ends before the superblock at offset {position}.");
        }

        var raw = new byte[ExtSuperblock.Size];
        device.Read(position, raw);
        return ExtSuperblock.Parse(raw, position);
    }

    private static ExtSuperblock? TryReadBackup(WritableBlockDevice device, long position, int blockSize)
    {
        try
        {
            var backup = ReadSuperblock(device, position);
            return backup.BlockSize == blockSize && backup.BlocksCount * blockSize <= device.Length ? backup : null;
        }
        catch (GuestFileSystemException e) when (e.Error is V2VError.FileSystemCorrupt or V2VError.FileSystemUnsupported)
        {
            return null;
        }
    }

    private static void CheckLength(WritableBlockDevice device, ExtSuperblock superblock)
    {
        if (superblock.BlocksCount > device.Length / superblock.BlockSize)
        {
            throw ExtErrors.Corrupt(
                $"it has {superblock.BlocksCount} blocks of {superblock.BlockSize} bytes, but the volume only {device.Length} bytes.");
        }
    }

    private static void ReplayJournal(WritableBlockDevice device, ExtSuperblock superblock)
    {
        if (!superblock.Compat.HasFlag(ExtCompatFeatures.HasJournal))
        {
            throw ExtErrors.Corrupt("its journal must be replayed, but it has none.");
        }

        if (superblock.JournalInode == 0)
        {
            throw ExtErrors.Unsupported(
                "The ext file system was not unmounted cleanly, and its journal is on another device (feature journal_dev).",
                "Shut the source guest down cleanly and try again.");
        }

        var volume = new ExtVolume(device, superblock, ExtSuperblock.Position);
        var inode = volume.Inodes.Get(superblock.JournalInode);
        if (!inode.IsRegular || inode.Flags.HasFlag(ExtInodeFlags.InlineData))
        {
            throw ExtErrors.Corrupt($"inode {superblock.JournalInode} is not a journal.");
        }

        var map = ExtBlockMap.For(volume, inode);
        var blocks = (uint)Math.Min(inode.Size / superblock.BlockSize, superblock.BlocksCount);
        var current = default(ExtRun);
        long Locate(uint block)
        {
            if (block < current.Logical || block >= current.End)
            {
                current = block < blocks ? map.Lookup(block, blocks - block) : default;
                if (current.State != ExtRunState.Written)
                {
                    throw ExtErrors.Corrupt($"block {block} of the journal is missing.");
                }
            }

            return (current.Physical + block - current.Logical) * superblock.BlockSize;
        }

        ExtJournal.Replay(device, Locate, blocks, superblock.BlockSize, superblock.UuidBytes);

        // The journal may have held the superblock itself, so the flag is cleared in what stands there now.
        var raw = new byte[ExtSuperblock.Size];
        device.Read(ExtSuperblock.Position, raw);
        var features = ExtSuperblock.Parse(raw, ExtSuperblock.Position).Incompat & ~ExtIncompatFeatures.Recover;
        BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(ExtSuperblock.Offsets.FeatureIncompat), (uint)features);
        if (superblock.HasMetadataChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(ExtSuperblock.Offsets.Checksum), ExtSuperblock.ComputeChecksum(raw));
        }

        device.Write(ExtSuperblock.Position, raw);
    }

    /// <summary>The kernel does not journal the superblock's counters; it sums up the groups' when it mounts.</summary>
    private static void Recount(ExtVolume volume)
    {
        var (blocks, inodes) = (0L, 0L);
        for (var group = 0u; group < volume.Superblock.GroupCount; group++)
        {
            var descriptor = volume.ReadDescriptor(group);
            blocks += descriptor.FreeBlocks;
            inodes += descriptor.FreeInodes;
        }

        if (!volume.Superblock.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.Bigalloc))
        {
            volume.FreeBlocks = blocks;
        }

        volume.FreeInodes = (uint)inodes;
    }
}
