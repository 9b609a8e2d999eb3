namespace V2V.Engine.FileSystems.Ext;

/// <summary>The block bitmaps, with the counters and checksums that follow them.</summary>
internal sealed class ExtBlockAllocator(ExtVolume volume)
{
    /// <summary>A run at the goal that is at least this long is taken even if a longer one stands elsewhere: it continues the file.</summary>
    private const long GoodRun = 256;

    /// <summary>Groups with free blocks that are searched for a run of full length before the longest one found is taken.</summary>
    private const int MaxGroupsSearched = 64;

    /// <summary>Where the blocks of an inode best go: its own group, as its parent directory chose it.</summary>
    public long Goal(ExtInode inode) => volume.Superblock.GroupFirstBlock(volume.Superblock.GroupOfInode(inode.Number));

    /// <summary>
    /// Allocates up to <paramref name="wanted"/> consecutive blocks, near <paramref name="goal"/> and as many together as can be found.
    /// </summary>
    /// <exception cref="GuestFileSystemException">No block is free.</exception>
    public (long Start, long Count) Allocate(long goal, long wanted)
    {
        var superblock = volume.Superblock;
        if (goal <= superblock.FirstDataBlock || goal >= superblock.BlocksCount)
        {
            goal = superblock.FirstDataBlock;
        }

        var firstGroup = superblock.GroupOfBlock(goal);
        var target = (int)Math.Min(wanted, superblock.BlocksPerGroup);
        var best = (Group: 0u, Bit: 0, Length: 0);
        var searched = 0;
        for (var i = 0u; i <= superblock.GroupCount; i++)
        {
            // The first group is looked at from the goal on, and once more from its start when all others are full.
            var group = (uint)(((ulong)firstGroup + i) % superblock.GroupCount);
            if (volume.ReadDescriptor(group).FreeBlocks == 0)
            {
                continue;
            }

            var bitmap = Read(group);
            var limit = (int)superblock.GroupBlocks(group);
            var from = i == 0 ? (int)(goal - superblock.GroupFirstBlock(group)) : 0;
            for (var bit = ExtBitmap.IndexOfClear(bitmap, from, limit); bit < limit && best.Length < target;)
            {
                var end = ExtBitmap.IndexOfSet(bitmap, bit, (int)Math.Min(limit, (long)bit + target));
                if (end - bit > best.Length)
                {
                    best = (group, bit, end - bit);
                }

                if (i == 0 && bit == from && end - bit >= Math.Min(target, GoodRun))
                {
                    break;
                }

                bit = ExtBitmap.IndexOfClear(bitmap, end, limit);
            }

            if (best.Length >= Math.Min(target, i == 0 ? GoodRun : target) || (best.Length > 0 && ++searched >= MaxGroupsSearched))
            {
                break;
            }
        }

        if (best.Length == 0)
        {
            throw ExtErrors.Full($"The ext file system is full: {wanted} blocks of {superblock.BlockSize} bytes are needed, none is free.");
        }

        Take(best.Group, best.Bit, best.Length);
        return (superblock.GroupFirstBlock(best.Group) + best.Bit, best.Length);
    }

    /// <summary>Frees blocks of an inode.</summary>
    /// <exception cref="GuestFileSystemException">They are not in use, so the file system is damaged.</exception>
    public void Free(long block, long count, uint inode)
    {
        volume.CheckDataBlocks(block, count, inode);
        while (count > 0)
        {
            var group = volume.Superblock.GroupOfBlock(block);
            var bit = (int)(block - volume.Superblock.GroupFirstBlock(group));
            var part = (int)Math.Min(count, volume.Superblock.GroupBlocks(group) - bit);
            var bitmap = Modify(group);
            if (ExtBitmap.IndexOfClear(bitmap, bit, bit + part) < bit + part)
            {
                throw ExtErrors.Corrupt($"blocks {block}..{block + part - 1} of inode {inode} are not marked as used.");
            }

            ExtBitmap.Clear(bitmap, bit, part);
            Account(group, bitmap, part);
            for (var i = 0; i < part; i++)
            {
                volume.Cache.Forget(block + i);
            }

            block += part;
            count -= part;
        }
    }

    /// <summary>Writes the bitmap of a group that has none yet.</summary>
    public void EnsureInitialised(uint group)
    {
        if (IsUninitialised(volume.ReadDescriptor(group)))
        {
            Modify(group);
        }
    }

    /// <summary>
    /// Every run of free blocks, or null when the bitmaps cannot be believed: a checksum is wrong, or the descriptors count otherwise.
    /// </summary>
    public List<(long Start, long Count)>? FreeRuns()
    {
        var runs = new List<(long Start, long Count)>();
        for (var group = 0u; group < volume.Superblock.GroupCount; group++)
        {
            volume.Cache.Trim();
            var bitmap = Read(group);
            var first = volume.Superblock.GroupFirstBlock(group);
            var limit = (int)volume.Superblock.GroupBlocks(group);
            var free = 0u;
            for (var bit = ExtBitmap.IndexOfClear(bitmap, 0, limit); bit < limit;)
            {
                var end = ExtBitmap.IndexOfSet(bitmap, bit, limit);
                free += (uint)(end - bit);
                if (runs.Count > 0 && runs[^1] is var last && last.Start + last.Count == first + bit)
                {
                    runs[^1] = (last.Start, last.Count + end - bit);
                }
                else
                {
                    runs.Add((first + bit, end - bit));
                }

                bit = ExtBitmap.IndexOfClear(bitmap, end, limit);
            }

            if (free != volume.ReadDescriptor(group).FreeBlocks)
            {
                return null;
            }
        }

        return runs;
    }

    private void Take(uint group, int bit, int count)
    {
        var bitmap = Modify(group);
        ExtBitmap.Set(bitmap, bit, count);
        Account(group, bitmap, -count);
    }

    /// <summary>Brings checksum and counters in line with a bitmap in which blocks were freed (positive) or taken.</summary>
    private void Account(uint group, ReadOnlySpan<byte> bitmap, int freed)
    {
        var descriptor = volume.ReadDescriptor(group);
        var free = (long)descriptor.FreeBlocks + freed;
        if (free < 0 || free > volume.Superblock.GroupBlocks(group))
        {
            throw ExtErrors.Corrupt($"group {group} counts {descriptor.FreeBlocks} free blocks, which its bitmap contradicts.");
        }

        descriptor.FreeBlocks = (uint)free;
        descriptor.BlockBitmapChecksum = Checksum(bitmap);
        volume.WriteDescriptor(group, descriptor);
        volume.FreeBlocks = Math.Max(0, volume.FreeBlocks + freed);
    }

    private byte[] Read(uint group)
    {
        var descriptor = volume.ReadDescriptor(group);
        if (IsUninitialised(descriptor))
        {
            var computed = new byte[volume.BlockSize];
            Compute(group, descriptor, computed);
            return computed;
        }

        return volume.Cache.Read(descriptor.BlockBitmap, ExtBlockKind.BlockBitmap, (this, group), static (s, b, data) => s.Item1.Verify(s.group, b, data));
    }

    private byte[] Modify(uint group)
    {
        var descriptor = volume.ReadDescriptor(group);
        if (IsUninitialised(descriptor))
        {
            var bitmap = volume.Cache.Create(descriptor.BlockBitmap, ExtBlockKind.BlockBitmap);
            Compute(group, descriptor, bitmap);
            descriptor.Flags &= ~ExtGroupFlags.BlockUninit;
            descriptor.BlockBitmapChecksum = Checksum(bitmap);
            volume.WriteDescriptor(group, descriptor);
            return bitmap;
        }

        Read(group);
        return volume.Cache.Modify(descriptor.BlockBitmap);
    }

    private bool IsUninitialised(in ExtGroupDescriptor descriptor) =>
        volume.Superblock.HasGroupChecksums && descriptor.Flags.HasFlag(ExtGroupFlags.BlockUninit);

    /// <summary>
    /// The bitmap of a group in which nothing was ever allocated: the superblock copy and descriptors, and those of the group's own
    /// bitmaps and inode table that stand in it; bits behind the group's end are set.
    /// </summary>
    private void Compute(uint group, in ExtGroupDescriptor descriptor, Span<byte> bitmap)
    {
        var superblock = volume.Superblock;
        var first = superblock.GroupFirstBlock(group);
        var blocks = (int)superblock.GroupBlocks(group);
        void Mark(Span<byte> bits, long block, long count)
        {
            var from = Math.Max(block, first);
            var end = Math.Min(block + count, first + blocks);
            if (from < end)
            {
                ExtBitmap.Set(bits, (int)(from - first), (int)(end - from));
            }
        }

        Mark(bitmap, first, (superblock.HasSuperblock(group) ? 1 : 0) + (long)volume.DescriptorBlocks(group));
        Mark(bitmap, descriptor.BlockBitmap, 1);
        Mark(bitmap, descriptor.InodeBitmap, 1);
        Mark(bitmap, descriptor.InodeTable, ((long)superblock.InodesPerGroup * superblock.InodeSize + superblock.BlockSize - 1) / superblock.BlockSize);
        ExtBitmap.Set(bitmap, blocks, (bitmap.Length * 8) - blocks);
    }

    private void Verify(uint group, long block, ReadOnlySpan<byte> data)
    {
        if (volume.Superblock.HasMetadataChecksums && Checksum(data) != volume.ReadDescriptor(group).BlockBitmapChecksum)
        {
            throw ExtErrors.Corrupt($"the checksum of the block bitmap of group {group} is wrong.", block * volume.BlockSize);
        }
    }

    private uint Checksum(ReadOnlySpan<byte> bitmap) => volume.BitmapChecksum(bitmap, volume.Superblock.BlocksPerGroup);
}
