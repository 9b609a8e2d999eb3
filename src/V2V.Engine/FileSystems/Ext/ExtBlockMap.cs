namespace V2V.Engine.FileSystems.Ext;

/// <summary>Where the blocks of one inode stand: an extent tree, or the block pointers of ext2 and ext3.</summary>
internal abstract class ExtBlockMap(ExtVolume volume, ExtInode inode)
{
    protected ExtVolume Volume { get; } = volume;

    protected ExtInode Inode { get; } = inode;

    /// <summary>Number of blocks that can be mapped.</summary>
    public abstract long MaxBlocks { get; }

    /// <summary>The run that begins at <paramref name="logical"/>, at most <paramref name="maxLength"/> blocks of it.</summary>
    public abstract ExtRun Lookup(long logical, long maxLength);

    /// <summary>Maps allocated blocks into a hole.</summary>
    public abstract void Insert(long logical, long physical, long length);

    /// <summary>Turns unwritten blocks into written ones.</summary>
    public abstract void MarkWritten(long logical, long length);

    /// <summary>Frees every block from <paramref name="from"/> on, and the mapping blocks that are no longer needed.</summary>
    public abstract void Truncate(long from);

    public static ExtBlockMap For(ExtVolume volume, ExtInode inode)
    {
        if (inode.Flags.HasFlag(ExtInodeFlags.InlineData))
        {
            throw new InvalidOperationException("Inline data has no block map.");
        }

        return inode.Flags.HasFlag(ExtInodeFlags.Extents) ? new ExtExtentMap(volume, inode) : new ExtIndirectMap(volume, inode);
    }

    /// <summary>The physical block of a block that must be mapped and written, as those of directories are.</summary>
    public long Require(long logical)
    {
        var run = Lookup(logical, 1);
        return run.State == ExtRunState.Written
            ? run.Physical
            : throw ExtErrors.Corrupt($"block {logical} of inode {Inode.Number} is missing.");
    }

    /// <summary>Allocates one block for the map itself and counts it.</summary>
    protected long AllocateMapBlock()
    {
        var block = Volume.Allocator.Allocate(Volume.Allocator.Goal(Inode), 1).Start;
        Inode.AddBlocks(1, Volume.Superblock);
        return block;
    }

    protected void Free(long block, long count)
    {
        Volume.Allocator.Free(block, count, Inode.Number);
        Inode.AddBlocks(-count, Volume.Superblock);
    }
}
