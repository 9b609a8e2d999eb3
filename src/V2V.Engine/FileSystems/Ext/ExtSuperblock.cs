using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The superblock (Documentation/filesystems/ext4/super.rst): geometry and features. The counters that writing changes are read
/// and changed in place through <see cref="ExtVolume"/>.
/// </summary>
internal sealed class ExtSuperblock
{
    /// <summary>Byte offset of the primary superblock, whatever the block size.</summary>
    public const int Position = 1024;

    public const int Size = 1024;

    public const ushort Magic = 0xEF53;

    /// <summary>64 KiB: the largest block size that the format allows.</summary>
    private const int MaxLogBlockSize = 6;

    /// <summary>2^52 blocks of 4 KiB are far beyond the 1 EiB limit; keeps every byte offset within a long.</summary>
    private const ulong MaxBlocks = 1UL << 44;

    /// <summary>s_rev_level of the original format, which has neither feature words nor variable inode sizes.</summary>
    private const uint OldRevision = 0;

    internal static class Offsets
    {
        public const int InodesCount = 0x00;
        public const int BlocksCountLow = 0x04;
        public const int FreeBlocksLow = 0x0C;
        public const int FreeInodes = 0x10;
        public const int FirstDataBlock = 0x14;
        public const int LogBlockSize = 0x18;
        public const int BlocksPerGroup = 0x20;
        public const int ClustersPerGroup = 0x24;
        public const int InodesPerGroup = 0x28;
        public const int WriteTime = 0x30;
        public const int MagicNumber = 0x38;
        public const int State = 0x3A;
        public const int RevisionLevel = 0x4C;
        public const int FirstInode = 0x54;
        public const int InodeSize = 0x58;
        public const int BlockGroupNumber = 0x5A;
        public const int FeatureCompat = 0x5C;
        public const int FeatureIncompat = 0x60;
        public const int FeatureRoCompat = 0x64;
        public const int Uuid = 0x68;
        public const int VolumeName = 0x78;
        public const int ReservedGdtBlocks = 0xCE;
        public const int JournalInode = 0xE0;
        public const int LastOrphan = 0xE8;
        public const int HashSeed = 0xEC;
        public const int DefaultHashVersion = 0xFC;
        public const int DescriptorSize = 0xFE;
        public const int FirstMetaBg = 0x104;
        public const int BlocksCountHigh = 0x150;
        public const int FreeBlocksHigh = 0x158;
        public const int MinExtraIsize = 0x15C;
        public const int WantExtraIsize = 0x15E;
        public const int Flags = 0x160;
        public const int MmpBlock = 0x168;
        public const int LogGroupsPerFlex = 0x174;
        public const int ChecksumType = 0x175;
        public const int BackupGroups = 0x24C;
        public const int ChecksumSeed = 0x270;
        public const int WriteTimeHigh = 0x274;
        public const int OrphanFileInode = 0x280;
        public const int Checksum = 0x3FC;
    }

    /// <summary>s_state: unmounted cleanly (only maintained without a journal).</summary>
    public const ushort StateValid = 1;

    /// <summary>s_state: the kernel saw errors.</summary>
    public const ushort StateErrors = 2;

    /// <summary>s_flags: directory hashes treat name bytes as unsigned.</summary>
    private const uint FlagUnsignedHash = 2;

    /// <summary>s_checksum_type of CRC-32C, the only one defined.</summary>
    private const byte ChecksumTypeCrc32C = 1;

    public required int BlockSize { get; init; }

    public required long BlocksCount { get; init; }

    public required uint InodesCount { get; init; }

    public required uint FirstDataBlock { get; init; }

    public required uint BlocksPerGroup { get; init; }

    public required uint InodesPerGroup { get; init; }

    public required uint GroupCount { get; init; }

    public required ushort InodeSize { get; init; }

    public required uint FirstInode { get; init; }

    public required int DescriptorSize { get; init; }

    public required bool IsOldRevision { get; init; }

    public required ExtCompatFeatures Compat { get; init; }

    public required ExtIncompatFeatures Incompat { get; init; }

    public required ExtReadOnlyCompatFeatures RoCompat { get; init; }

    public required ushort State { get; init; }

    public required Guid Uuid { get; init; }

    public required byte[] UuidBytes { get; init; }

    public required string? Label { get; init; }

    public required ushort ReservedGdtBlocks { get; init; }

    public required uint JournalInode { get; init; }

    public required uint OrphanFileInode { get; init; }

    public required uint[] HashSeed { get; init; }

    public required byte DefaultHashVersion { get; init; }

    public required bool IsHashUnsigned { get; init; }

    public required uint FirstMetaBg { get; init; }

    public required ushort ExtraIsize { get; init; }

    public required ulong MmpBlock { get; init; }

    public required uint GroupsPerFlex { get; init; }

    public required uint[] BackupGroups { get; init; }

    /// <summary>Seed of every metadata checksum.</summary>
    public required uint ChecksumSeed { get; init; }

    public int DescriptorsPerBlock => BlockSize / DescriptorSize;

    public bool HasMetadataChecksums => RoCompat.HasFlag(ExtReadOnlyCompatFeatures.MetadataChecksum);

    /// <summary>Group descriptors carry a checksum, and groups may be uninitialised.</summary>
    public bool HasGroupChecksums => (RoCompat & (ExtReadOnlyCompatFeatures.GdtChecksum | ExtReadOnlyCompatFeatures.MetadataChecksum)) != 0;

    public string Kind =>
        (Incompat & ~ExtSupport.Ext3Incompat) != 0 || (RoCompat & ~ExtSupport.Ext3ReadOnlyCompat) != 0 ? "ext4"
        : Compat.HasFlag(ExtCompatFeatures.HasJournal) ? "ext3"
        : "ext2";

    public static bool HasMagic(ReadOnlySpan<byte> raw) => BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.MagicNumber..]) == Magic;

    public static bool IsJournalDevice(ReadOnlySpan<byte> raw) =>
        U32(raw, Offsets.RevisionLevel) != OldRevision
        && ((ExtIncompatFeatures)U32(raw, Offsets.FeatureIncompat)).HasFlag(ExtIncompatFeatures.JournalDevice);

    /// <summary>Reads a superblock and checks that its numbers make sense together.</summary>
    /// <param name="raw">The 1024 bytes.</param>
    /// <param name="position">Where they stand on the volume, for messages.</param>
    /// <exception cref="GuestFileSystemException">It is damaged, or has features that are not understood.</exception>
    public static ExtSuperblock Parse(ReadOnlySpan<byte> raw, long position)
    {
        GuestFileSystemException Bad(string what) => ExtErrors.Corrupt($"the superblock at offset {position} {what}.", position);

        if (!HasMagic(raw))
        {
            throw Bad("has no magic number 0xEF53");
        }

        var old = U32(raw, Offsets.RevisionLevel) == OldRevision;
        var compat = old ? 0 : (ExtCompatFeatures)U32(raw, Offsets.FeatureCompat);
        var incompat = old ? 0 : (ExtIncompatFeatures)U32(raw, Offsets.FeatureIncompat);
        var roCompat = old ? 0 : (ExtReadOnlyCompatFeatures)U32(raw, Offsets.FeatureRoCompat);
        if (roCompat.HasFlag(ExtReadOnlyCompatFeatures.MetadataChecksum))
        {
            if (raw[Offsets.ChecksumType] != ChecksumTypeCrc32C)
            {
                throw Bad($"names checksum type {raw[Offsets.ChecksumType]}; only 1 (CRC-32C) is defined");
            }

            var computed = ComputeChecksum(raw);
            if (computed != U32(raw, Offsets.Checksum))
            {
                throw Bad($"has checksum 0x{U32(raw, Offsets.Checksum):x8}, but its bytes give 0x{computed:x8}");
            }
        }

        if ((incompat & ~ExtSupport.Readable) is not 0 and var unknown)
        {
            throw ExtErrors.Unsupported($"The ext file system has features that V2V does not understand: {ExtSupport.Describe(unknown)}.");
        }

        var logBlockSize = U32(raw, Offsets.LogBlockSize);
        if (logBlockSize > MaxLogBlockSize)
        {
            throw Bad($"gives block size 2^{10 + (long)logBlockSize}; at most 64 KiB is allowed");
        }

        var blockSize = 1024 << (int)logBlockSize;
        var bit64 = incompat.HasFlag(ExtIncompatFeatures.Bit64);
        var blocks = U32(raw, Offsets.BlocksCountLow) | (bit64 ? (ulong)U32(raw, Offsets.BlocksCountHigh) << 32 : 0);
        var firstDataBlock = U32(raw, Offsets.FirstDataBlock);
        if (blocks > MaxBlocks || firstDataBlock > 1 || blocks <= firstDataBlock)
        {
            throw Bad($"gives {blocks} blocks, the first at {firstDataBlock}");
        }

        var blocksPerGroup = U32(raw, Offsets.BlocksPerGroup);
        var clustersPerGroup = roCompat.HasFlag(ExtReadOnlyCompatFeatures.Bigalloc) ? U32(raw, Offsets.ClustersPerGroup) : blocksPerGroup;
        var inodesPerGroup = U32(raw, Offsets.InodesPerGroup);
        var bitsPerBitmap = (uint)blockSize * 8;
        if (blocksPerGroup == 0 || clustersPerGroup == 0 || clustersPerGroup > bitsPerBitmap || blocksPerGroup % 8 != 0
            || inodesPerGroup == 0 || inodesPerGroup > bitsPerBitmap)
        {
            throw Bad($"gives {blocksPerGroup} blocks and {inodesPerGroup} inodes per group");
        }

        var groups = (blocks - firstDataBlock + blocksPerGroup - 1) / blocksPerGroup;
        var inodes = U32(raw, Offsets.InodesCount);
        if (groups > uint.MaxValue / inodesPerGroup || inodes != groups * inodesPerGroup)
        {
            throw Bad($"gives {inodes} inodes, but {groups} groups of {inodesPerGroup}");
        }

        var inodeSize = old ? (ushort)128 : BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.InodeSize..]);
        if (inodeSize < 128 || inodeSize > blockSize || !System.Numerics.BitOperations.IsPow2((uint)inodeSize))
        {
            throw Bad($"gives inode size {inodeSize}");
        }

        var descriptorSize = bit64 ? BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.DescriptorSize..]) : ExtGroupDescriptor.Size32;
        if (bit64 && (descriptorSize < ExtGroupDescriptor.Size64 || descriptorSize > 1024
            || !System.Numerics.BitOperations.IsPow2((uint)descriptorSize)))
        {
            throw Bad($"gives group descriptor size {descriptorSize}");
        }

        var uuid = raw.Slice(Offsets.Uuid, 16);
        var firstInode = old ? 11 : U32(raw, Offsets.FirstInode);
        var reservedGdt = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.ReservedGdtBlocks..]);
        if (firstInode < 11 || firstInode > inodes || reservedGdt > blockSize / 4)
        {
            throw Bad($"gives first inode {firstInode} and {reservedGdt} reserved descriptor blocks");
        }

        var logFlex = raw[Offsets.LogGroupsPerFlex];
        return new ExtSuperblock
        {
            BlockSize = blockSize,
            BlocksCount = (long)blocks,
            InodesCount = inodes,
            FirstDataBlock = firstDataBlock,
            BlocksPerGroup = blocksPerGroup,
            InodesPerGroup = inodesPerGroup,
            GroupCount = (uint)groups,
            InodeSize = inodeSize,
            FirstInode = firstInode,
            DescriptorSize = descriptorSize,
            IsOldRevision = old,
            Compat = compat,
            Incompat = incompat,
            RoCompat = roCompat,
            State = BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.State..]),
            Uuid = new Guid(uuid, bigEndian: true),
            UuidBytes = uuid.ToArray(),
            Label = ReadLabel(raw.Slice(Offsets.VolumeName, 16)),
            ReservedGdtBlocks = reservedGdt,
            JournalInode = U32(raw, Offsets.JournalInode),
            OrphanFileInode = U32(raw, Offsets.OrphanFileInode),
            HashSeed =
            [
                U32(raw, Offsets.HashSeed), U32(raw, Offsets.HashSeed + 4), U32(raw, Offsets.HashSeed + 8), U32(raw, Offsets.HashSeed + 12),
            ],
            DefaultHashVersion = raw[Offsets.DefaultHashVersion],
            IsHashUnsigned = (U32(raw, Offsets.Flags) & FlagUnsignedHash) != 0,
            FirstMetaBg = U32(raw, Offsets.FirstMetaBg),
            ExtraIsize = ReadExtraIsize(raw, inodeSize),
            MmpBlock = BinaryPrimitives.ReadUInt64LittleEndian(raw[Offsets.MmpBlock..]),
            GroupsPerFlex = incompat.HasFlag(ExtIncompatFeatures.FlexBg) && logFlex is > 0 and < 32 ? 1u << logFlex : 1,
            BackupGroups = [U32(raw, Offsets.BackupGroups), U32(raw, Offsets.BackupGroups + 4)],
            ChecksumSeed = incompat.HasFlag(ExtIncompatFeatures.ChecksumSeed)
                ? U32(raw, Offsets.ChecksumSeed)
                : Crc32C.Append(uint.MaxValue, uuid),
        };
    }

    public static uint ComputeChecksum(ReadOnlySpan<byte> raw) => Crc32C.Append(uint.MaxValue, raw[..Offsets.Checksum]);

    public long GroupFirstBlock(uint group) => FirstDataBlock + (long)group * BlocksPerGroup;

    /// <summary>Number of blocks of a group; only the last may be short.</summary>
    public uint GroupBlocks(uint group) => (uint)Math.Min(BlocksPerGroup, BlocksCount - GroupFirstBlock(group));

    public uint GroupOfBlock(long block) => (uint)((block - FirstDataBlock) / BlocksPerGroup);

    public uint GroupOfInode(uint inode) => (inode - 1) / InodesPerGroup;

    /// <summary>True when a group starts with a copy of the superblock (sparse_super, sparse_super2).</summary>
    public bool HasSuperblock(uint group)
    {
        if (group == 0)
        {
            return true;
        }

        if (Compat.HasFlag(ExtCompatFeatures.SparseSuper2))
        {
            return group == BackupGroups[0] || group == BackupGroups[1];
        }

        if (group == 1 || !RoCompat.HasFlag(ExtReadOnlyCompatFeatures.SparseSuper))
        {
            return true;
        }

        return IsPowerOf(group, 3) || IsPowerOf(group, 5) || IsPowerOf(group, 7);
    }

    private static bool IsPowerOf(uint value, uint root)
    {
        while (value % root == 0)
        {
            value /= root;
        }

        return value == 1;
    }

    /// <summary>Extra inode space of new inodes: what the kernel's own structure takes (32), or more when the superblock asks for it.</summary>
    private static ushort ReadExtraIsize(ReadOnlySpan<byte> raw, ushort inodeSize)
    {
        const ushort kernelExtra = 32;
        if (inodeSize == 128)
        {
            return 0;
        }

        var wanted = Math.Max(
            BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.WantExtraIsize..]),
            BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.MinExtraIsize..]));
        return wanted > kernelExtra && wanted % 4 == 0 && wanted <= inodeSize - 128 ? wanted : kernelExtra;
    }

    private static string? ReadLabel(ReadOnlySpan<byte> raw)
    {
        var end = raw.IndexOf((byte)0);
        var label = GuestText.Decode(end < 0 ? raw : raw[..end]);
        return label.Length == 0 ? null : label;
    }

    private static uint U32(ReadOnlySpan<byte> raw, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(raw[offset..]);
}
