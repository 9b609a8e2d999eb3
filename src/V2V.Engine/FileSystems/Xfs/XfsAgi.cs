namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The AGI, third sector of an allocation group (XFS Algorithms &amp; Data Structures, "AG Inode Management").</summary>
internal readonly struct XfsAgi(XfsBuffer buffer)
{
    /// <summary>Its sector within the group.</summary>
    public const int Sector = 2;

    public const int ChecksumOffset = 312;

    private const uint Magic = 0x58414749; // "XAGI"

    /// <summary>Lists of inodes that have no name any more, but were still in use.</summary>
    public const int UnlinkedBuckets = 64;

    /// <summary>The end of such a list.</summary>
    public const uint NoInode = uint.MaxValue;

    private static class Offsets
    {
        public const int Version = 4;
        public const int Number = 8;
        public const int Length = 12;
        public const int Count = 16;
        public const int Root = 20;
        public const int Levels = 24;
        public const int FreeCount = 28;
        public const int NewInode = 32;
        public const int Unlinked = 40;
        public const int Uuid = 296;
        public const int FreeRoot = 328;
        public const int FreeLevels = 332;
        public const int TreeBlocks = 336;
        public const int FreeTreeBlocks = 340;
    }

    /// <summary>Inodes that have a place in this group, in use or not.</summary>
    public uint Count { get => U32(Offsets.Count); set => Put(Offsets.Count, value); }

    public uint Root { get => U32(Offsets.Root); set => Put(Offsets.Root, value); }

    public uint Levels { get => U32(Offsets.Levels); set => Put(Offsets.Levels, value); }

    public uint FreeCount { get => U32(Offsets.FreeCount); set => Put(Offsets.FreeCount, value); }

    /// <summary>First inode of the chunk that was allocated last.</summary>
    public uint NewInode { set => Put(Offsets.NewInode, value); }

    /// <summary>Root of the B-tree of chunks with free inodes.</summary>
    public uint FreeRoot { get => U32(Offsets.FreeRoot); set => Put(Offsets.FreeRoot, value); }

    public uint FreeLevels { get => U32(Offsets.FreeLevels); set => Put(Offsets.FreeLevels, value); }

    /// <summary>Blocks of the inode B-tree.</summary>
    public uint TreeBlocks { get => U32(Offsets.TreeBlocks); set => Put(Offsets.TreeBlocks, value); }

    /// <summary>Blocks of the B-tree of chunks with free inodes.</summary>
    public uint FreeTreeBlocks { get => U32(Offsets.FreeTreeBlocks); set => Put(Offsets.FreeTreeBlocks, value); }

    public uint GetUnlinked(int bucket) => U32(Offsets.Unlinked + bucket * sizeof(uint));

    public void SetUnlinked(int bucket, uint inode) => Put(Offsets.Unlinked + bucket * sizeof(uint), inode);

    public void Check(XfsAg ag)
    {
        var superblock = ag.Volume.Superblock;
        var isGood = U32(0) == Magic && U32(Offsets.Version) == 1 && U32(Offsets.Number) == ag.Number && U32(Offsets.Length) == ag.Length
            && XfsAgf.IsTree(ag, Root, Levels) && FreeCount <= Count
            && (!superblock.HasFreeInodeTree || XfsAgf.IsTree(ag, FreeRoot, FreeLevels))
            && (!superblock.IsV5 || buffer.Data.AsSpan(Offsets.Uuid, 16).SequenceEqual(superblock.MetadataUuid));
        if (!isGood)
        {
            throw XfsErrors.Corrupt($"the AGI of allocation group {ag.Number} contradicts itself.", buffer.Address);
        }
    }

    private uint U32(int offset) => buffer.Data.AsReadOnly().U32(offset);

    private void Put(int offset, uint value)
    {
        buffer.Data.AsSpan().Put32(offset, value);
        buffer.MarkDirty();
    }
}
