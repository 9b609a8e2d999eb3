using System.Numerics;
using System.Text;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// The superblock (XFS Algorithms &amp; Data Structures, "Superblocks"): geometry and features. The counters that writing changes are read and
/// changed in place through <see cref="XfsVolume"/>. Numbers are big-endian, CRCs little-endian.
/// </summary>
internal sealed class XfsSuperblock
{
    /// <summary>Part of the first sector that is in use.</summary>
    public const int Size = 264;

    public const uint Magic = 0x58465342; // "XFSB"

    public const int ChecksumOffset = 224;

    private const int VersionMask = 0x000F;

    private const int MinLogBlockSize = 9;

    private const int MaxLogBlockSize = 16;

    private const int MinLogInodeSize = 8;

    private const int MaxLogInodeSize = 11;

    private const int MinLogSectorSize = 9;

    private const int MaxLogSectorSize = 15;

    /// <summary>2^43 blocks of 64 KiB are far beyond any volume; keeps every byte offset within a long.</summary>
    private const ulong MaxBlocks = 1UL << 43;

    private const int MaxLogAgBlocks = 31;

    /// <summary>XLOG_MAX_RECORD_BSIZE.</summary>
    private const uint MaxLogStripeUnit = 256 << 10;

    /// <summary>An allocation group holds at least the headers and the roots of its B-trees (XFS_MIN_AG_BLOCKS).</summary>
    private const uint MinAgBlocks = 64;

    internal static class Offsets
    {
        public const int BlockSize = 4;
        public const int DataBlocks = 8;
        public const int Uuid = 32;
        public const int LogStart = 48;
        public const int RootInode = 56;
        public const int RealtimeBitmapInode = 64;
        public const int RealtimeSummaryInode = 72;
        public const int AgBlocks = 84;
        public const int AgCount = 88;
        public const int LogBlocks = 96;
        public const int Version = 100;
        public const int SectorSize = 102;
        public const int InodeSize = 104;
        public const int InodesPerBlock = 106;
        public const int Label = 108;
        public const int BlockLog = 120;
        public const int SectorLog = 121;
        public const int InodeLog = 122;
        public const int InodesPerBlockLog = 123;
        public const int AgBlockLog = 124;
        public const int InProgress = 126;
        public const int MaxInodePercent = 127;
        public const int InodeCount = 128;
        public const int FreeInodes = 136;
        public const int FreeDataBlocks = 144;
        public const int QuotaFlags = 176;
        public const int Flags = 178;
        public const int InodeAlignment = 180;
        public const int DirectoryBlockLog = 192;
        public const int LogStripeUnit = 196;
        public const int Features2 = 200;

        /// <summary>A copy of <see cref="Features2"/>, where some kernels looked for it by mistake.</summary>
        public const int BadFeatures2 = 204;
        public const int ReadOnlyCompat = 212;
        public const int Incompat = 216;
        public const int LogIncompat = 220;
        public const int SparseInodeAlignment = 228;
        public const int MetaUuid = 248;
    }

    private const int LabelLength = 12;

    /// <summary>sb_flags: only to be mounted read-only.</summary>
    private const byte FlagReadOnly = 1;

    public required bool IsV5 { get; init; }

    public required int BlockLog { get; init; }

    public required int SectorLog { get; init; }

    public required int InodeLog { get; init; }

    public required int AgBlockLog { get; init; }

    public required int DirectoryBlockLog { get; init; }

    /// <summary>sb_dblocks.</summary>
    public required ulong DataBlocks { get; init; }

    public required uint AgBlocks { get; init; }

    public required uint AgCount { get; init; }

    /// <summary>First block of the log, as an AG-encoded block number; 0 when the log is on another device.</summary>
    public required ulong LogStart { get; init; }

    public required uint LogBlocks { get; init; }

    /// <summary>Bytes to which every record of the log is padded; 0 or 1 for none.</summary>
    public required uint LogStripeUnit { get; init; }

    /// <summary>sb_features_log_incompat: what the log may hold that older kernels cannot replay.</summary>
    public required uint LogIncompat { get; init; }

    public required ulong RootInode { get; init; }

    public required ulong RealtimeBitmapInode { get; init; }

    public required ulong RealtimeSummaryInode { get; init; }

    public required XfsVersionFlags Version { get; init; }

    public required XfsFeatures2 Features2 { get; init; }

    public required XfsReadOnlyCompatFeatures ReadOnlyCompat { get; init; }

    public required XfsIncompatFeatures Incompat { get; init; }

    public required byte MaxInodePercent { get; init; }

    /// <summary>Blocks to which a chunk of inodes is aligned.</summary>
    public required uint InodeAlignment { get; init; }

    /// <summary>Blocks to which a part of a sparse chunk is aligned.</summary>
    public required uint SparseInodeAlignment { get; init; }

    public required bool IsReadOnly { get; init; }

    public required byte[] UuidBytes { get; init; }

    /// <summary>UUID that metadata carries, 16 bytes as on disk.</summary>
    public required byte[] MetadataUuid { get; init; }

    public required string? Label { get; init; }

    public int BlockSize => 1 << BlockLog;

    public int SectorSize => 1 << SectorLog;

    public int InodeSize => 1 << InodeLog;

    public int InodesPerBlockLog => BlockLog - InodeLog;

    /// <summary>Bits of an inode number below the allocation group.</summary>
    public int AgInodeLog => AgBlockLog + InodesPerBlockLog;

    public bool HasFileTypes => IsV5 ? Incompat.HasFlag(XfsIncompatFeatures.FileType) : Features2.HasFlag(XfsFeatures2.FileType);

    public bool HasFreeInodeTree => ReadOnlyCompat.HasFlag(XfsReadOnlyCompatFeatures.FreeInodeBTree);

    public bool HasReverseMap => ReadOnlyCompat.HasFlag(XfsReadOnlyCompatFeatures.ReverseMap);

    public bool HasReflink => ReadOnlyCompat.HasFlag(XfsReadOnlyCompatFeatures.Reflink);

    public bool HasInodeTreeCounts => ReadOnlyCompat.HasFlag(XfsReadOnlyCompatFeatures.InodeBTreeCounts);

    public bool HasSparseInodes => Incompat.HasFlag(XfsIncompatFeatures.SparseInodes);

    public bool HasBigTime => Incompat.HasFlag(XfsIncompatFeatures.BigTime);

    public bool HasLargeExtentCounts => Incompat.HasFlag(XfsIncompatFeatures.LargeExtentCounts);

    public static bool HasMagic(ReadOnlySpan<byte> raw) => raw.U32(0) == Magic;

    /// <exception cref="GuestFileSystemException">It contradicts itself, or has features that are not understood.</exception>
    public static XfsSuperblock Parse(ReadOnlySpan<byte> raw)
    {
        var versionWord = raw.U16(Offsets.Version);
        var version = versionWord & VersionMask;
        if (version is not (4 or 5))
        {
            throw XfsErrors.Unsupported(
                $"The XFS file system has format version {version}; only versions 4 and 5 are supported.",
                "Copy its files to a file system made by a current mkfs.xfs in the source guest.");
        }

        var isV5 = version == 5;
        var flags = (XfsVersionFlags)(versionWord & ~VersionMask);
        var features2 = flags.HasFlag(XfsVersionFlags.MoreBits) || isV5 ? (XfsFeatures2)raw.U32(Offsets.Features2) : XfsFeatures2.None;
        var superblock = new XfsSuperblock
        {
            IsV5 = isV5,
            BlockLog = raw[Offsets.BlockLog],
            SectorLog = raw[Offsets.SectorLog],
            InodeLog = raw[Offsets.InodeLog],
            AgBlockLog = raw[Offsets.AgBlockLog],
            DirectoryBlockLog = raw[Offsets.DirectoryBlockLog],
            DataBlocks = raw.U64(Offsets.DataBlocks),
            AgBlocks = raw.U32(Offsets.AgBlocks),
            AgCount = raw.U32(Offsets.AgCount),
            LogStart = raw.U64(Offsets.LogStart),
            LogBlocks = raw.U32(Offsets.LogBlocks),
            LogStripeUnit = flags.HasFlag(XfsVersionFlags.LogV2) || isV5 ? raw.U32(Offsets.LogStripeUnit) : 0,
            LogIncompat = isV5 ? raw.U32(Offsets.LogIncompat) : 0,
            RootInode = raw.U64(Offsets.RootInode),
            RealtimeBitmapInode = raw.U64(Offsets.RealtimeBitmapInode),
            RealtimeSummaryInode = raw.U64(Offsets.RealtimeSummaryInode),
            Version = flags,
            Features2 = features2,
            ReadOnlyCompat = isV5 ? (XfsReadOnlyCompatFeatures)raw.U32(Offsets.ReadOnlyCompat) : XfsReadOnlyCompatFeatures.None,
            Incompat = isV5 ? (XfsIncompatFeatures)raw.U32(Offsets.Incompat) : XfsIncompatFeatures.None,
            MaxInodePercent = raw[Offsets.MaxInodePercent],
            InodeAlignment = flags.HasFlag(XfsVersionFlags.Align) ? raw.U32(Offsets.InodeAlignment) : 0,
            SparseInodeAlignment = isV5 ? raw.U32(Offsets.SparseInodeAlignment) : 0,
            IsReadOnly = (raw[Offsets.Flags] & FlagReadOnly) != 0,
            UuidBytes = raw.Slice(Offsets.Uuid, 16).ToArray(),
            MetadataUuid = raw.Slice(
                isV5 && ((XfsIncompatFeatures)raw.U32(Offsets.Incompat)).HasFlag(XfsIncompatFeatures.MetaUuid) ? Offsets.MetaUuid : Offsets.Uuid, 16).ToArray(),
            Label = DecodeLabel(raw.Slice(Offsets.Label, LabelLength)),
        };
        superblock.CheckFeatures();
        superblock.CheckSizes(raw);
        return superblock;
    }

    public uint AgOf(ulong block) => (uint)(block >> AgBlockLog);

    public uint AgBlockOf(ulong block) => (uint)(block & ((1UL << AgBlockLog) - 1));

    public ulong BlockNumber(uint ag, uint agBlock) => (ulong)ag << AgBlockLog | agBlock;

    /// <summary>Blocks of an allocation group; the last one may be shorter.</summary>
    public uint AgLength(uint ag) => ag < AgCount - 1 ? AgBlocks : (uint)(DataBlocks - (ulong)ag * AgBlocks);

    /// <summary>Byte offset on the volume of a block of an allocation group.</summary>
    public long ByteOf(uint ag, uint agBlock) => ((long)ag * AgBlocks + agBlock) << BlockLog;

    /// <summary>Byte offset on the volume of a block.</summary>
    public long ByteOf(ulong block) => ByteOf(AgOf(block), AgBlockOf(block));

    /// <summary>Throws unless the blocks lie behind the headers of one allocation group and within it.</summary>
    public void CheckBlocks(ulong block, ulong count, string what)
    {
        var ag = block >> AgBlockLog;
        if (ag >= AgCount || count == 0 || !AreInAg((uint)ag, AgBlockOf(block), count))
        {
            throw XfsErrors.Corrupt($"{what} refers to blocks {block}+{count}, which do not lie within the volume.");
        }
    }

    public bool AreInAg(uint ag, uint agBlock, ulong count)
    {
        var firstUsable = (uint)((4 * SectorSize + BlockSize - 1) >> BlockLog);
        var length = AgLength(ag);
        return agBlock >= firstUsable && count <= length && agBlock <= length - count;
    }

    private void CheckFeatures()
    {
        if (IsV5)
        {
            if ((Incompat & ~XfsSupport.Readable) is not 0 and var unknown)
            {
                throw XfsErrors.Unsupported(
                    $"The XFS file system has features that V2V does not understand: {XfsSupport.Describe(unknown)}.",
                    "Copy its files to a file system made without these features in the source guest.");
            }
        }
        else if ((Version & ~XfsSupport.ReadableVersion) is not 0 and var unknownVersion)
        {
            throw XfsErrors.Unsupported($"The XFS file system has features that V2V does not understand: {XfsSupport.Describe(unknownVersion)}.");
        }
        else if ((Features2 & ~XfsSupport.ReadableFeatures2) is not 0 and var unknown2)
        {
            throw XfsErrors.Unsupported($"The XFS file system has features that V2V does not understand: {XfsSupport.Describe(unknown2)}.");
        }

        if (Version.HasFlag(XfsVersionFlags.CaseInsensitive))
        {
            throw XfsErrors.Unsupported("The XFS file system ignores the case of names (version=ci), which V2V does not support.");
        }

        if (!Version.HasFlag(XfsVersionFlags.DirV2))
        {
            throw XfsErrors.Unsupported("The XFS file system has directories of version 1, which no kernel since Linux 2.6 supports.");
        }
    }

    private void CheckSizes(ReadOnlySpan<byte> raw)
    {
        if (raw[Offsets.InProgress] != 0)
        {
            throw XfsErrors.Corrupt("its making by mkfs.xfs was never finished.", Offsets.InProgress);
        }

        Check(SectorLog is >= MinLogSectorSize and <= MaxLogSectorSize && raw.U16(Offsets.SectorSize) == SectorSize, Offsets.SectorLog);
        Check(BlockLog is >= MinLogBlockSize and <= MaxLogBlockSize && raw.U32(Offsets.BlockSize) == BlockSize && BlockSize >= SectorSize, Offsets.BlockLog);
        Check(
            InodeLog is >= MinLogInodeSize and <= MaxLogInodeSize && raw.U16(Offsets.InodeSize) == InodeSize && InodeLog < BlockLog
            && raw.U16(Offsets.InodesPerBlock) == BlockSize / InodeSize && raw[Offsets.InodesPerBlockLog] == InodesPerBlockLog,
            Offsets.InodeLog);
        Check(!IsV5 || (InodeLog > MinLogInodeSize && BlockLog > MinLogBlockSize), Offsets.InodeLog);
        Check(DirectoryBlockLog <= MaxLogBlockSize && DirectoryBlockLog + BlockLog <= MaxLogBlockSize, Offsets.DirectoryBlockLog);
        Check(AgBlocks >= MinAgBlocks && AgBlockLog <= MaxLogAgBlocks && AgBlockLog == BitOperations.Log2(AgBlocks - 1) + 1, Offsets.AgBlockLog);
        Check(AgCount != 0 && DataBlocks <= MaxBlocks, Offsets.AgCount);
        Check(
            DataBlocks <= (ulong)AgCount * AgBlocks && DataBlocks >= ((ulong)AgCount - 1) * AgBlocks + Math.Min(MinAgBlocks, AgBlocks), Offsets.DataBlocks);
        Check(
            LogStart == 0 || (AgOf(LogStart) < AgCount && LogBlocks != 0 && LogBlocks <= AgLength(AgOf(LogStart)) && AgBlockOf(LogStart) <= AgLength(AgOf(LogStart)) - LogBlocks),
            Offsets.LogStart);
        Check(LogStripeUnit <= MaxLogStripeUnit && LogStripeUnit % XfsLog.BlockSize <= 1, Offsets.LogStripeUnit);
        Check(InodeAlignment <= AgBlocks && SparseInodeAlignment <= AgBlocks, Offsets.InodeAlignment);
    }

    private static void Check(bool condition, int offset)
    {
        if (!condition)
        {
            throw XfsErrors.Corrupt($"the superblock contradicts itself at byte {offset}.", offset);
        }
    }

    private static string? DecodeLabel(ReadOnlySpan<byte> raw)
    {
        var end = raw.IndexOf((byte)0);
        var label = Encoding.UTF8.GetString(end < 0 ? raw : raw[..end]);
        return label.Length == 0 ? null : label;
    }
}
