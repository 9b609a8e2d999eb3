namespace V2V.Engine.FileSystems.Xfs;

/// <summary>Where the root of a B-tree stands and where its blocks come from.</summary>
internal abstract class XfsBTreeHome(XfsVolume volume)
{
    private const int OwnerOffsetShort = 48;

    private const int OwnerOffsetLong = 56;

    public XfsVolume Volume => volume;

    public abstract XfsBTreeShape Shape { get; }

    /// <summary>Levels, that of the leaves included.</summary>
    public abstract int Levels { get; }

    public abstract XfsBTreeNode ReadRoot();

    /// <summary>Another block becomes the root; never called when the root stands inside an inode.</summary>
    public abstract void SetRoot(ulong pointer, int levels);

    /// <summary>What blocks of version 5 name as their owner: the allocation group or the inode.</summary>
    protected abstract ulong Owner { get; }

    public abstract ulong AllocateBlock();

    public abstract void FreeBlock(ulong pointer);

    public abstract long ByteOf(ulong pointer);

    /// <summary>What to call the tree in a message.</summary>
    protected abstract string Name { get; }

    private int OwnerOffset => Shape.HasLongPointers ? OwnerOffsetLong : OwnerOffsetShort;

    /// <summary>Where the fields that only version 5 has begin: address, LSN, UUID, owner, CRC.</summary>
    private int AddressOffset => Shape.HeaderSize(isV5: false);

    private int UuidOffset => AddressOffset + 16;

    /// <summary>Reads a block and examines its header.</summary>
    public XfsBTreeNode Read(ulong pointer, int level)
    {
        var superblock = volume.Superblock;
        var buffer = volume.Cache.Read(ByteOf(pointer), superblock.BlockSize, Shape.ChecksumOffset);
        var node = new XfsBTreeNode(Shape, buffer, pointer, superblock.IsV5);
        var data = (ReadOnlySpan<byte>)buffer.Data;
        var isGood = data.U32(0) == (superblock.IsV5 ? Shape.Magic.V5 : Shape.Magic.V4) && node.Level == level
            && node.Count <= node.Capacity && (node.Count > 0 || level == Levels - 1)
            && (!superblock.IsV5 || (data.U64(AddressOffset) == buffer.DiskBlock && data.Slice(UuidOffset, 16).SequenceEqual(superblock.MetadataUuid)
                && (Shape.HasLongPointers ? data.U64(OwnerOffset) : data.U32(OwnerOffset)) == Owner));
        return isGood ? node : throw XfsErrors.Corrupt($"a block of {Name} has a wrong header.", buffer.Address);
    }

    /// <summary>Allocates a block and gives it an empty node.</summary>
    public XfsBTreeNode Create(int level)
    {
        var superblock = volume.Superblock;
        var pointer = AllocateBlock();
        var buffer = volume.Cache.Create(ByteOf(pointer), superblock.BlockSize, Shape.ChecksumOffset);
        var data = buffer.Data.AsSpan();
        data.Put32(0, superblock.IsV5 ? Shape.Magic.V5 : Shape.Magic.V4);
        if (superblock.IsV5)
        {
            // The LSN stays 0: nothing in the log, which is empty, belongs to this block.
            data.Put64(AddressOffset, buffer.DiskBlock);
            superblock.MetadataUuid.CopyTo(data[UuidOffset..]);
            if (Shape.HasLongPointers)
            {
                data.Put64(OwnerOffset, Owner);
            }
            else
            {
                data.Put32(OwnerOffset, (uint)Owner);
            }
        }

        var node = new XfsBTreeNode(Shape, buffer, pointer, superblock.IsV5);
        node.Initialise(level);
        node.Left = node.Right = node.NullPointer;
        return node;
    }

    /// <summary>Gives a block back.</summary>
    public void Free(XfsBTreeNode node)
    {
        var pointer = node.Pointer ?? throw new InvalidOperationException("The root inside an inode is no block.");
        volume.Cache.Forget([new ByteRange(ByteOf(pointer), volume.BlockSize)]);
        FreeBlock(pointer);
    }

    public GuestFileSystemException Corrupt(string message) => XfsErrors.Corrupt($"{Name} {message}");
}
