using System.Buffers.Binary;
using V2V.Engine.Disks;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>What every part of the implementation shares: the device, its geometry, the cached metadata and the inodes in use.</summary>
internal sealed class ExtVolume
{
    /// <summary>Block of the superblock in use: the primary's, or a backup's, which then limits the volume to reading.</summary>
    private readonly long _superblockBlock;

    private readonly int _superblockOffset;

    public ExtVolume(WritableBlockDevice device, ExtSuperblock superblock, long superblockPosition)
    {
        Device = device;
        Superblock = superblock;
        Cache = new ExtBlockCache(device, superblock.BlockSize, superblock.BlocksCount);
        _superblockBlock = superblockPosition / superblock.BlockSize;
        _superblockOffset = (int)(superblockPosition % superblock.BlockSize);
        Inodes = new ExtInodeTable(this);
        Allocator = new ExtBlockAllocator(this);
        InodeAllocator = new ExtInodeAllocator(this);
    }

    public WritableBlockDevice Device { get; }

    public ExtSuperblock Superblock { get; }

    public ExtBlockCache Cache { get; }

    public ExtInodeTable Inodes { get; }

    public ExtBlockAllocator Allocator { get; }

    public ExtInodeAllocator InodeAllocator { get; }

    /// <summary>True when the primary superblock is damaged and a backup stands in for it.</summary>
    public bool IsBackupSuperblock => _superblockBlock * BlockSize + _superblockOffset != ExtSuperblock.Position;

    public int BlockSize => Superblock.BlockSize;

    /// <summary>The superblock as it stands in memory, changes included.</summary>
    public ReadOnlySpan<byte> SuperblockBytes => Cache.Read(_superblockBlock).AsSpan(_superblockOffset, ExtSuperblock.Size);

    public long FreeBlocks
    {
        get => ReadU32(ExtSuperblock.Offsets.FreeBlocksLow)
            | (Superblock.Incompat.HasFlag(ExtIncompatFeatures.Bit64) ? (long)ReadU32(ExtSuperblock.Offsets.FreeBlocksHigh) << 32 : 0);
        set
        {
            UpdateSuperblock(ExtSuperblock.Offsets.FreeBlocksLow, (uint)value);
            if (Superblock.Incompat.HasFlag(ExtIncompatFeatures.Bit64))
            {
                UpdateSuperblock(ExtSuperblock.Offsets.FreeBlocksHigh, (uint)(value >> 32));
            }
        }
    }

    public uint FreeInodes
    {
        get => ReadU32(ExtSuperblock.Offsets.FreeInodes);
        set => UpdateSuperblock(ExtSuperblock.Offsets.FreeInodes, value);
    }

    /// <summary>Head of the list of inodes that were deleted while open (s_last_orphan); 0 when it is empty.</summary>
    public uint LastOrphan
    {
        get => ReadU32(ExtSuperblock.Offsets.LastOrphan);
        set => UpdateSuperblock(ExtSuperblock.Offsets.LastOrphan, value);
    }

    public ExtCompatFeatures Compat
    {
        get => Superblock.IsOldRevision ? 0 : (ExtCompatFeatures)ReadU32(ExtSuperblock.Offsets.FeatureCompat);
        set => UpdateSuperblock(ExtSuperblock.Offsets.FeatureCompat, (uint)value);
    }

    public ExtReadOnlyCompatFeatures RoCompat
    {
        get => Superblock.IsOldRevision ? 0 : (ExtReadOnlyCompatFeatures)ReadU32(ExtSuperblock.Offsets.FeatureRoCompat);
        set => UpdateSuperblock(ExtSuperblock.Offsets.FeatureRoCompat, (uint)value);
    }

    public uint ReadU32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(SuperblockBytes[offset..]);

    /// <summary>Changes one 32-bit field of the superblock and its checksum.</summary>
    public void UpdateSuperblock(int offset, uint value)
    {
        var raw = Cache.Modify(_superblockBlock).AsSpan(_superblockOffset, ExtSuperblock.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[offset..], value);
        SealSuperblock(raw);
    }

    /// <summary>Notes when the file system was written last (s_wtime, 40 bits).</summary>
    public void TouchSuperblock(DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds();
        var raw = Cache.Modify(_superblockBlock).AsSpan(_superblockOffset, ExtSuperblock.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[ExtSuperblock.Offsets.WriteTime..], (uint)seconds);
        if (!Superblock.IsOldRevision)
        {
            raw[ExtSuperblock.Offsets.WriteTimeHigh] = (byte)(seconds >> 32);
        }

        SealSuperblock(raw);
    }

    public ExtGroupDescriptor ReadDescriptor(uint group)
    {
        var (block, offset) = LocateDescriptor(group);
        var raw = Cache.Read(block, ExtBlockKind.GroupDescriptors, (this, group), static (s, b, data) => s.Item1.VerifyDescriptors(s.group, b, data));
        return ExtGroupDescriptor.Parse(raw.AsSpan(offset, Superblock.DescriptorSize));
    }

    public void WriteDescriptor(uint group, in ExtGroupDescriptor descriptor)
    {
        var (block, offset) = LocateDescriptor(group);
        var raw = Cache.Modify(block).AsSpan(offset, Superblock.DescriptorSize);
        descriptor.WriteTo(raw);
        if (Superblock.HasGroupChecksums)
        {
            ExtGroupDescriptor.StoreChecksum(raw, ExtGroupDescriptor.ComputeChecksum(raw, Superblock, group));
        }
    }

    /// <summary>Number of group descriptor blocks, reserved ones included, that follow the superblock copy of a group.</summary>
    public uint DescriptorBlocks(uint group)
    {
        var hasSuperblock = Superblock.HasSuperblock(group);
        var total = ((long)Superblock.GroupCount + Superblock.DescriptorsPerBlock - 1) / Superblock.DescriptorsPerBlock;
        if (!Superblock.Incompat.HasFlag(ExtIncompatFeatures.MetaBg))
        {
            return hasSuperblock ? (uint)total + Superblock.ReservedGdtBlocks : 0;
        }

        if (group / Superblock.DescriptorsPerBlock < Superblock.FirstMetaBg)
        {
            return hasSuperblock ? (uint)Math.Min(Superblock.FirstMetaBg, total) + Superblock.ReservedGdtBlocks : 0;
        }

        // With meta_bg a block of descriptors stands in the first, second and last of the groups that it describes.
        var position = group % (uint)Superblock.DescriptorsPerBlock;
        return position == 0 || position == 1 || position == Superblock.DescriptorsPerBlock - 1 ? 1u : 0;
    }

    /// <summary>Seed of the checksums of what belongs to an inode: its number and generation.</summary>
    public uint InodeChecksumSeed(uint number, uint generation) =>
        Crc32C.Append(Crc32C.Append(Superblock.ChecksumSeed, number), generation);

    /// <summary>Of the bits that a group uses; the descriptor has room for 32 bits if it is large, else for the lower 16. 0 without checksums.</summary>
    public uint BitmapChecksum(ReadOnlySpan<byte> bitmap, uint bits)
    {
        if (!Superblock.HasMetadataChecksums)
        {
            return 0;
        }

        var crc = Crc32C.Append(Superblock.ChecksumSeed, bitmap[..(int)(bits / 8)]);
        return Superblock.DescriptorSize >= ExtGroupDescriptor.Size64 ? crc : crc & 0xFFFF;
    }

    /// <summary>Throws unless blocks that a file claims lie behind the boot block and within the volume.</summary>
    public void CheckDataBlocks(long block, long count, uint inode)
    {
        if (block <= Superblock.FirstDataBlock || count <= 0 || block > Superblock.BlocksCount - count)
        {
            throw ExtErrors.Corrupt($"inode {inode} claims blocks {block}..{block + count - 1} of {Superblock.BlocksCount}.");
        }
    }

    /// <summary>Starts an operation; it is undone unless <see cref="ExtTransaction.Commit"/> is reached.</summary>
    /// <param name="onRollback">Called when it is undone.</param>
    public ExtTransaction Begin(Action? onRollback = null) => new(this, onRollback);

    private void SealSuperblock(Span<byte> raw)
    {
        if (Superblock.HasMetadataChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(raw[ExtSuperblock.Offsets.Checksum..], ExtSuperblock.ComputeChecksum(raw));
        }
    }

    private (long Block, int Offset) LocateDescriptor(uint group)
    {
        if (group >= Superblock.GroupCount)
        {
            throw ExtErrors.Corrupt($"group {group} is referred to, but there are only {Superblock.GroupCount}.");
        }

        var perBlock = (uint)Superblock.DescriptorsPerBlock;
        var index = group / perBlock;
        var offset = (int)(group % perBlock) * Superblock.DescriptorSize;
        if (!Superblock.Incompat.HasFlag(ExtIncompatFeatures.MetaBg) || index < Superblock.FirstMetaBg)
        {
            return (_superblockBlock + 1 + index, offset);
        }

        var first = index * perBlock;
        return (Superblock.GroupFirstBlock(first) + (Superblock.HasSuperblock(first) ? 1 : 0), offset);
    }

    private void VerifyDescriptors(uint group, long block, ReadOnlySpan<byte> data)
    {
        var perBlock = (uint)Superblock.DescriptorsPerBlock;
        var first = group - (group % perBlock);
        var tableBlocks = ((long)Superblock.InodesPerGroup * Superblock.InodeSize + BlockSize - 1) / BlockSize;
        for (var i = 0u; i < perBlock && first + i < Superblock.GroupCount; i++)
        {
            var raw = data.Slice((int)i * Superblock.DescriptorSize, Superblock.DescriptorSize);
            var offset = block * BlockSize + i * Superblock.DescriptorSize;
            if (Superblock.HasGroupChecksums
                && ExtGroupDescriptor.ComputeChecksum(raw, Superblock, first + i) != ExtGroupDescriptor.StoredChecksum(raw))
            {
                throw ExtErrors.Corrupt($"the checksum of group descriptor {first + i} is wrong.", offset);
            }

            var descriptor = ExtGroupDescriptor.Parse(raw);
            if (!IsInside(descriptor.BlockBitmap, 1) || !IsInside(descriptor.InodeBitmap, 1) || !IsInside(descriptor.InodeTable, tableBlocks)
                || descriptor.FreeInodes > Superblock.InodesPerGroup || descriptor.UnusedInodes > Superblock.InodesPerGroup)
            {
                throw ExtErrors.Corrupt($"group descriptor {first + i} points outside the volume or counts too much.", offset);
            }
        }
    }

    private bool IsInside(long block, long count) => block > Superblock.FirstDataBlock && block <= Superblock.BlocksCount - count;
}
