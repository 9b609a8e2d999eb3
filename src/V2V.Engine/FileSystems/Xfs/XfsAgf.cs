namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The AGF, second sector of an allocation group (XFS Algorithms &amp; Data Structures, "AG Free Space Management").</summary>
internal readonly struct XfsAgf(XfsBuffer buffer)
{
    /// <summary>Its sector within the group.</summary>
    public const int Sector = 1;

    public const int ChecksumOffset = 216;

    /// <summary>The most levels that a B-tree of a group can have (XFS_BTREE_MAXLEVELS).</summary>
    public const int MaxLevels = 9;

    private const uint Magic = 0x58414746; // "XAGF"

    private static class Offsets
    {
        public const int Version = 4;
        public const int Number = 8;
        public const int Length = 12;
        public const int Roots = 16;
        public const int Levels = 28;
        public const int FreeListFirst = 40;
        public const int FreeListLast = 44;
        public const int FreeListCount = 48;
        public const int FreeBlocks = 52;
        public const int Longest = 56;
        public const int BTreeBlocks = 60;
        public const int Uuid = 64;
        public const int ReverseMapBlocks = 80;
        public const int RefcountBlocks = 84;
        public const int RefcountRoot = 88;
        public const int RefcountLevels = 92;
    }

    /// <summary>Places in agf_roots and agf_levels.</summary>
    private const int ByBlock = 0;
    private const int BySize = 1;
    private const int ReverseMap = 2;

    public uint BlockRoot { get => U32(Offsets.Roots + ByBlock * 4); set => Put(Offsets.Roots + ByBlock * 4, value); }

    public uint BlockLevels { get => U32(Offsets.Levels + ByBlock * 4); set => Put(Offsets.Levels + ByBlock * 4, value); }

    public uint SizeRoot { get => U32(Offsets.Roots + BySize * 4); set => Put(Offsets.Roots + BySize * 4, value); }

    public uint SizeLevels { get => U32(Offsets.Levels + BySize * 4); set => Put(Offsets.Levels + BySize * 4, value); }

    public uint ReverseMapRoot { get => U32(Offsets.Roots + ReverseMap * 4); set => Put(Offsets.Roots + ReverseMap * 4, value); }

    public uint ReverseMapLevels { get => U32(Offsets.Levels + ReverseMap * 4); set => Put(Offsets.Levels + ReverseMap * 4, value); }

    public uint RefcountRoot { get => U32(Offsets.RefcountRoot); set => Put(Offsets.RefcountRoot, value); }

    public uint RefcountLevels { get => U32(Offsets.RefcountLevels); set => Put(Offsets.RefcountLevels, value); }

    /// <summary>Index of the first block on the free list.</summary>
    public uint FreeListFirst { get => U32(Offsets.FreeListFirst); set => Put(Offsets.FreeListFirst, value); }

    public uint FreeListLast { get => U32(Offsets.FreeListLast); set => Put(Offsets.FreeListLast, value); }

    public uint FreeListCount { get => U32(Offsets.FreeListCount); set => Put(Offsets.FreeListCount, value); }

    /// <summary>Blocks in the free-space B-trees' records.</summary>
    public uint FreeBlocks { get => U32(Offsets.FreeBlocks); set => Put(Offsets.FreeBlocks, value); }

    /// <summary>Blocks of the longest free extent.</summary>
    public uint Longest { get => U32(Offsets.Longest); set => Put(Offsets.Longest, value); }

    /// <summary>Blocks that hold the free-space and reverse-mapping B-trees, their roots not counted.</summary>
    public uint BTreeBlocks { get => U32(Offsets.BTreeBlocks); set => Put(Offsets.BTreeBlocks, value); }

    public uint ReverseMapBlocks { get => U32(Offsets.ReverseMapBlocks); set => Put(Offsets.ReverseMapBlocks, value); }

    public uint RefcountBlocks { get => U32(Offsets.RefcountBlocks); set => Put(Offsets.RefcountBlocks, value); }

    public void Check(XfsAg ag)
    {
        var superblock = ag.Volume.Superblock;
        var isGood = U32(0) == Magic && U32(Offsets.Version) == 1 && U32(Offsets.Number) == ag.Number && U32(Offsets.Length) == ag.Length
            && IsTree(ag, BlockRoot, BlockLevels) && IsTree(ag, SizeRoot, SizeLevels)
            && (!superblock.HasReverseMap || IsTree(ag, ReverseMapRoot, ReverseMapLevels))
            && (!superblock.HasReflink || IsTree(ag, RefcountRoot, RefcountLevels))
            && FreeBlocks <= ag.Length && Longest <= FreeBlocks && BTreeBlocks <= ag.Length
            && (!superblock.IsV5 || buffer.Data.AsSpan(Offsets.Uuid, 16).SequenceEqual(superblock.MetadataUuid));
        if (!isGood)
        {
            throw XfsErrors.Corrupt($"the AGF of allocation group {ag.Number} contradicts itself.", buffer.Address);
        }
    }

    public static bool IsTree(XfsAg ag, uint root, uint levels) =>
        levels is > 0 and <= MaxLevels && ag.Volume.Superblock.AreInAg(ag.Number, root, 1);

    private uint U32(int offset) => buffer.Data.AsReadOnly().U32(offset);

    private void Put(int offset, uint value)
    {
        buffer.Data.AsSpan().Put32(offset, value);
        buffer.MarkDirty();
    }
}
