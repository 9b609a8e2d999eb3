namespace V2V.Engine.FileSystems.Ext;

/// <summary>The inode bitmaps, with the counters and checksums that follow them.</summary>
internal sealed class ExtInodeAllocator(ExtVolume volume)
{
    /// <summary>Takes a free inode near its parent directory.</summary>
    /// <exception cref="GuestFileSystemException">No inode is free.</exception>
    public uint Allocate(uint parent, bool isDirectory)
    {
        var superblock = volume.Superblock;
        var firstGroup = superblock.GroupOfInode(parent);
        for (var i = 0u; i < superblock.GroupCount; i++)
        {
            var group = (uint)(((ulong)firstGroup + i) % superblock.GroupCount);
            if (volume.ReadDescriptor(group).FreeInodes == 0)
            {
                continue;
            }

            var bitmap = Modify(group);
            var limit = (int)superblock.InodesPerGroup;
            var from = (int)Math.Clamp((long)superblock.FirstInode - 1 - (long)group * superblock.InodesPerGroup, 0, limit);
            var bit = ExtBitmap.IndexOfClear(bitmap, from, limit);
            if (bit == limit)
            {
                continue;
            }

            // As the kernel does: a group with inodes in use has a block bitmap as well.
            volume.Allocator.EnsureInitialised(group);
            ExtBitmap.Set(bitmap, bit, 1);
            Account(group, bitmap, bit, isDirectory, freed: -1);
            return (uint)(group * superblock.InodesPerGroup + bit + 1);
        }

        throw ExtErrors.Full("The ext file system has no free inode left.");
    }

    public void Free(uint number, bool isDirectory)
    {
        var group = volume.Superblock.GroupOfInode(number);
        var bit = (int)((number - 1) % volume.Superblock.InodesPerGroup);
        var bitmap = Modify(group);
        if (!ExtBitmap.IsSet(bitmap, bit))
        {
            throw ExtErrors.Corrupt($"inode {number} is not marked as used.");
        }

        ExtBitmap.Clear(bitmap, bit, 1);
        Account(group, bitmap, bit, isDirectory, freed: 1);
    }

    private void Account(uint group, ReadOnlySpan<byte> bitmap, int bit, bool isDirectory, int freed)
    {
        var descriptor = volume.ReadDescriptor(group);
        var free = (long)descriptor.FreeInodes + freed;
        var directories = descriptor.UsedDirectories - (isDirectory ? freed : 0L);
        if (free > volume.Superblock.InodesPerGroup || directories < 0)
        {
            throw ExtErrors.Corrupt($"group {group} counts its inodes wrongly.");
        }

        descriptor.FreeInodes = (uint)free;
        descriptor.UsedDirectories = (uint)directories;
        if (volume.Superblock.HasGroupChecksums && freed < 0)
        {
            // Inodes that were never used end here; e2fsck does not look behind.
            descriptor.UnusedInodes = Math.Min(descriptor.UnusedInodes, volume.Superblock.InodesPerGroup - (uint)bit - 1);
        }

        descriptor.InodeBitmapChecksum = Checksum(bitmap);
        volume.WriteDescriptor(group, descriptor);
        volume.FreeInodes = (uint)Math.Max(0, (long)volume.FreeInodes + freed);
    }

    private byte[] Modify(uint group)
    {
        var descriptor = volume.ReadDescriptor(group);
        if (volume.Superblock.HasGroupChecksums && descriptor.Flags.HasFlag(ExtGroupFlags.InodeUninit))
        {
            var bitmap = volume.Cache.Create(descriptor.InodeBitmap, ExtBlockKind.InodeBitmap);
            var inodes = (int)volume.Superblock.InodesPerGroup;
            ExtBitmap.Set(bitmap, inodes, (bitmap.Length * 8) - inodes);
            descriptor.Flags &= ~ExtGroupFlags.InodeUninit;
            descriptor.InodeBitmapChecksum = Checksum(bitmap);
            volume.WriteDescriptor(group, descriptor);
            return bitmap;
        }

        volume.Cache.Read(descriptor.InodeBitmap, ExtBlockKind.InodeBitmap, (this, group), static (s, b, data) => s.Item1.Verify(s.group, b, data));
        return volume.Cache.Modify(descriptor.InodeBitmap);
    }

    private void Verify(uint group, long block, ReadOnlySpan<byte> data)
    {
        if (volume.Superblock.HasMetadataChecksums && Checksum(data) != volume.ReadDescriptor(group).InodeBitmapChecksum)
        {
            throw ExtErrors.Corrupt($"the checksum of the inode bitmap of group {group} is wrong.", block * volume.BlockSize);
        }
    }

    private uint Checksum(ReadOnlySpan<byte> bitmap) => volume.BitmapChecksum(bitmap, volume.Superblock.InodesPerGroup);
}
