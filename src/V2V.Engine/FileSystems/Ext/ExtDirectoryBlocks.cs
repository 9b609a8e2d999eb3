namespace V2V.Engine.FileSystems.Ext;

/// <summary>The blocks of a directory: found through its map, verified as what they are, appended at the end.</summary>
internal sealed class ExtDirectoryBlocks(ExtVolume volume, ExtInode inode)
{
    /// <summary>i_size of directories has 32 bits without the largedir feature; the kernel stops at 2 GiB as well.</summary>
    private const long SmallDirectoryLimit = int.MaxValue;

    private readonly ExtBlockMap _map = ExtBlockMap.For(volume, inode);
    private readonly uint _seed = volume.InodeChecksumSeed(inode.Number, inode.Generation);

    public ExtInode Inode => inode;

    public ExtSuperblock Superblock => volume.Superblock;

    public uint Seed => _seed;

    public long Count
    {
        get
        {
            var size = inode.Size;
            return size > 0 && size % volume.BlockSize == 0 && size / volume.BlockSize <= volume.Superblock.BlocksCount
                ? size / volume.BlockSize
                : throw ExtErrors.Corrupt($"directory {inode.Number} gives a size of {size} bytes.");
        }
    }

    /// <summary>True when the directory is searched by hash.</summary>
    public bool IsIndexed => inode.Flags.HasFlag(ExtInodeFlags.Index) && volume.Compat.HasFlag(ExtCompatFeatures.DirIndex);

    /// <summary>The physical number of a block of the directory.</summary>
    public long Locate(long logical) => logical < Count
        ? _map.Require(logical)
        : throw ExtErrors.Corrupt($"block {logical} lies behind the end of directory {inode.Number}.");

    public ExtDirectoryBlock ReadLeaf(long physical) => ExtDirectoryBlock.Leaf(
        volume.Cache.Read(physical, ExtBlockKind.DirectoryLeaf, this, static (blocks, block, data) => ExtDirectoryBlock.Verify(
            data, blocks.Superblock, blocks.Seed, blocks.Inode.Number, block * data.Length)),
        volume.Superblock);

    public ExtDirectoryBlock ModifyLeaf(long physical)
    {
        ReadLeaf(physical);
        return ExtDirectoryBlock.Leaf(volume.Cache.Modify(physical), volume.Superblock);
    }

    public void Seal(in ExtDirectoryBlock leaf) => leaf.Seal(volume.Superblock, _seed);

    public Span<byte> ReadRoot(long physical) => volume.Cache.Read(
        physical, ExtBlockKind.HashTreeRoot, this, static (blocks, block, data) => blocks.VerifyRoot(block, data));

    public ExtHashNode ReadNode(long physical) => new(
        volume.Cache.Read(physical, ExtBlockKind.HashTreeNode, this, static (blocks, block, data) => blocks.VerifyNode(block, data)),
        ExtHashNode.NodeStart);

    /// <summary>An index block to be changed; it has been read, and so verified, before.</summary>
    public ExtHashNode ModifyNode(long physical, int start) => new(volume.Cache.Modify(physical), start);

    public void Seal(in ExtHashNode node) => node.Seal(volume.Superblock, _seed);

    /// <summary>The bytes of a block, whatever it is.</summary>
    public Span<byte> Modify(long physical) => volume.Cache.Modify(physical);

    /// <summary>Adds a block of zeros at the end.</summary>
    public (long Logical, long Physical) Append(ExtBlockKind kind)
    {
        var logical = inode.Size / volume.BlockSize;
        if (inode.Size + volume.BlockSize > SmallDirectoryLimit && !volume.Superblock.Incompat.HasFlag(ExtIncompatFeatures.LargeDir))
        {
            throw ExtErrors.Full($"Directory {inode.Number} cannot grow beyond 2 GiB.");
        }

        var goal = logical > 0 ? _map.Require(logical - 1) + 1 : volume.Allocator.Goal(inode);
        var physical = volume.Allocator.Allocate(goal, 1).Start;
        inode.AddBlocks(1, volume.Superblock);
        _map.Insert(logical, physical, 1);
        inode.Size += volume.BlockSize;
        volume.Cache.Create(physical, kind);
        return (logical, physical);
    }

    /// <summary>
    /// True for an inner node of the hash tree: one unused record that spans the whole block. A leaf never looks so where it has a tail; without
    /// checksums an empty leaf does, and has nothing to find either.
    /// </summary>
    public bool IsHashNode(long physical)
    {
        var data = volume.Cache.Read(physical);
        return ExtDirectoryEntry.TryParse(data, 0, data.Length, out var entry) && entry.Inode == 0 && entry.RecordLength == data.Length;
    }

    private void VerifyRoot(long block, ReadOnlySpan<byte> data)
    {
        var offset = block * data.Length;
        if (!ExtDirectoryEntry.TryParse(data, 0, data.Length, out var dot) || dot.RecordLength != ExtDirectoryEntry.SizeFor(1)
            || !ExtDirectoryEntry.TryParse(data, dot.End, data.Length, out var dotDot) || dotDot.End != data.Length
            || !dot.IsDotOrDotDot(data) || !dotDot.IsDotOrDotDot(data))
        {
            throw ExtErrors.Corrupt($"the hash tree root of directory {inode.Number} does not start with \".\" and \"..\".", offset);
        }

        ExtHashRootInfo.Parse(data).Check(volume.Superblock, inode.Number, offset);
        new ExtHashNode(data.ToArray(), ExtHashNode.RootStart).Verify(volume.Superblock, _seed, inode.Number, offset);
    }

    private void VerifyNode(long block, ReadOnlySpan<byte> data) =>
        new ExtHashNode(data.ToArray(), ExtHashNode.NodeStart).Verify(volume.Superblock, _seed, inode.Number, block * data.Length);
}
