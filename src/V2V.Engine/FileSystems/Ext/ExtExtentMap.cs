using System.Buffers.Binary;
using System.Runtime.InteropServices;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The extent tree of an inode. The root stands in i_block and holds four entries; every other node takes a block, which ends in a checksum
/// where the file system has them.
/// </summary>
internal sealed class ExtExtentMap : ExtBlockMap
{
    private const int RootCapacity = (ExtInode.BlockAreaSize - ExtExtentNode.HeaderSize) / ExtExtentNode.EntrySize;

    /// <summary>Stands for the root where a node's block number is asked for.</summary>
    private const long RootBlock = 0;

    private readonly uint _checksumSeed;

    public ExtExtentMap(ExtVolume volume, ExtInode inode) : base(volume, inode)
    {
        _checksumSeed = volume.InodeChecksumSeed(inode.Number, inode.Generation);
        Span<byte> root = stackalloc byte[ExtInode.BlockAreaSize];
        inode.BlockArea.CopyTo(root);
        Check(new ExtExtentNode(root), RootCapacity, null, $"the extent tree root of inode {inode.Number}");
    }

    public override long MaxBlocks => uint.MaxValue;

    private int NodeCapacity => (Volume.BlockSize - ExtExtentNode.HeaderSize) / ExtExtentNode.EntrySize;

    /// <summary>Writes an empty tree into a new inode.</summary>
    public static void Initialise(ExtInode inode)
    {
        var area = inode.ModifyBlockArea();
        area.Clear();
        new ExtExtentNode(area).WriteHeader(0, RootCapacity, 0);
        inode.Flags |= ExtInodeFlags.Extents;
    }

    public override ExtRun Lookup(long logical, long maxLength)
    {
        var node = Root();
        var bound = MaxBlocks;
        for (var depth = node.Depth; depth > 0; depth--)
        {
            if (node.Count == 0)
            {
                break;
            }

            var at = Math.Max(0, node.Search(logical));
            bound = at + 1 < node.Count ? Math.Min(bound, node.Logical(at + 1)) : bound;
            node = Child(node.Child(at), depth - 1);
        }

        var position = node.Count == 0 || node.Depth > 0 ? -1 : node.Search(logical);
        if (position >= 0 && node.Extent(position) is var extent && logical < extent.End)
        {
            var skip = logical - extent.Logical;
            return new ExtRun(
                logical, extent.Physical + skip, Math.Min(extent.Length - skip, maxLength),
                extent.IsUnwritten ? ExtRunState.Unwritten : ExtRunState.Written);
        }

        var next = node.Depth == 0 && position + 1 < node.Count ? node.Logical(position + 1) : bound;
        return new ExtRun(logical, 0, Math.Clamp(next - logical, 1, maxLength), ExtRunState.Hole);
    }

    public override void Insert(long logical, long physical, long length)
    {
        while (length > 0)
        {
            var part = (int)Math.Min(length, ExtExtent.MaxWritten);
            Insert(new ExtExtent(logical, physical, part, IsUnwritten: false));
            logical += part;
            physical += part;
            length -= part;
        }
    }

    public override void MarkWritten(long logical, long length)
    {
        var end = logical + length;
        while (logical < end)
        {
            var path = FindPath(logical);
            var leaf = Modify(path.Leaf);
            var old = leaf.Extent(path.Position);
            var last = Math.Min(end, old.End);
            var before = (int)(logical - old.Logical);
            var written = new ExtExtent(logical, old.Physical + before, (int)(last - logical), IsUnwritten: false);
            var rest = new ExtExtent(last, old.Physical + (last - old.Logical), (int)(old.End - last), IsUnwritten: true);

            // The first piece keeps the old entry's key, so the levels above stay right.
            leaf.SetExtent(path.Position, before == 0 ? written : old with { Length = before });
            Seal(path.Leaf);
            if (before > 0)
            {
                Insert(written);
            }
            else
            {
                MergeAround(path.Leaf, path.Position);
            }

            if (rest.Length > 0)
            {
                Insert(rest);
            }

            logical = last;
        }
    }

    public override void Truncate(long from)
    {
        var depth = Root().Depth;
        TrimNode(RootBlock, depth, from);
        var root = ModifyRoot();
        if (root.Count == 0)
        {
            root.WriteHeader(0, RootCapacity, 0);
            return;
        }

        // As long as the only child fits into the root, a level can go.
        while (root.Depth > 0 && root.Count == 1)
        {
            var block = root.Child(0);
            var child = Child(block, root.Depth - 1);
            if (child.Count > RootCapacity)
            {
                break;
            }

            child.Entries(0, child.Count).CopyTo(root.Entries(0, child.Count));
            root.WriteHeader(child.Count, RootCapacity, child.Depth);
            Free(block, 1);
        }
    }

    private void Insert(in ExtExtent extent)
    {
        while (true)
        {
            var path = FindPath(extent.Logical);
            if (TryMerge(path, extent))
            {
                return;
            }

            var leaf = Node(path.Leaf, 0);
            if (!leaf.IsFull)
            {
                leaf = Modify(path.Leaf);
                leaf.OpenGap(path.Position + 1);
                leaf.SetExtent(path.Position + 1, extent);
                Seal(path.Leaf);
                MergeAround(path.Leaf, path.Position + 1);
                LowerKeys(path, extent.Logical);
                return;
            }

            MakeRoom(path);
        }
    }

    /// <summary>Enlarges a neighbour in the same leaf when the extent continues it on both sides of the map.</summary>
    private bool TryMerge(in ExtExtentPath path, in ExtExtent extent)
    {
        if (path.Position < 0)
        {
            return false;
        }

        var left = Node(path.Leaf, 0).Extent(path.Position);
        if (!Continues(left, extent))
        {
            return false;
        }

        Modify(path.Leaf).SetExtent(path.Position, left with { Length = left.Length + extent.Length });
        Seal(path.Leaf);
        MergeAround(path.Leaf, path.Position);
        return true;
    }

    /// <summary>Joins the extent at <paramref name="position"/> with its neighbours where it can; keys above stay lower bounds.</summary>
    private void MergeAround(long block, int position)
    {
        var leaf = Modify(block);
        if (position + 1 < leaf.Count && Continues(leaf.Extent(position), leaf.Extent(position + 1)))
        {
            Join(leaf, position);
        }

        if (position > 0 && Continues(leaf.Extent(position - 1), leaf.Extent(position)))
        {
            Join(leaf, position - 1);
        }

        Seal(block);
    }

    private static void Join(ExtExtentNode leaf, int position)
    {
        var left = leaf.Extent(position);
        leaf.SetExtent(position, left with { Length = left.Length + leaf.Extent(position + 1).Length });
        leaf.RemoveAt(position + 1);
    }

    private static bool Continues(in ExtExtent left, in ExtExtent right) =>
        left.IsUnwritten == right.IsUnwritten && left.End == right.Logical && left.Physical + left.Length == right.Physical
        && left.Length + right.Length <= left.MaxLength;

    /// <summary>An insertion before everything else lowers the first key on every level of its path.</summary>
    private void LowerKeys(in ExtExtentPath path, long logical)
    {
        for (var level = path.Depth - 1; level >= 0; level--)
        {
            var node = Node(path.Block(level), path.Depth - level);
            if (node.Logical(path.PositionAt(level)) > logical)
            {
                Modify(path.Block(level)).SetLogical(path.PositionAt(level), logical);
                Seal(path.Block(level));
            }
        }
    }

    /// <summary>Splits the topmost full node that has room above it, or makes the tree one level deeper. The caller looks again then.</summary>
    private void MakeRoom(in ExtExtentPath path)
    {
        for (var level = path.Depth - 1; level >= 0; level--)
        {
            if (!Node(path.Block(level), path.Depth - level).IsFull)
            {
                Split(path, level + 1);
                return;
            }
        }

        Deepen();
    }

    private void Deepen()
    {
        if (Root().Depth >= ExtExtentNode.MaxDepth)
        {
            throw ExtErrors.Full($"Inode {Inode.Number} is too fragmented: its extent tree has {ExtExtentNode.MaxDepth} levels already.");
        }

        var block = AllocateMapBlock();
        var child = CreateNode(block);
        var root = ModifyRoot();
        child.WriteHeader(root.Count, NodeCapacity, root.Depth);
        root.Entries(0, root.Count).CopyTo(child.Entries(0, root.Count));
        Seal(block);
        var (key, depth) = (root.Logical(0), root.Depth + 1);
        root.Entries(0, RootCapacity).Clear();
        root.WriteHeader(1, RootCapacity, depth);
        root.SetIndex(0, key, block);
    }

    private void Split(in ExtExtentPath path, int level)
    {
        var block = path.Block(level);
        var depth = path.Depth - level;
        var added = AllocateMapBlock();
        var right = CreateNode(added);
        var left = Modify(block);

        // Appending is the usual case: leave the left node all but full then. Otherwise halve it.
        var count = left.Count;
        var keep = path.PositionAt(level) == count - 1 ? count - 1 : count / 2;
        right.WriteHeader(count - keep, NodeCapacity, depth);
        left.Entries(keep, count - keep).CopyTo(right.Entries(0, count - keep));
        left.Entries(keep, count - keep).Clear();
        left.Count = keep;
        Seal(block);
        Seal(added);

        var parent = Modify(path.Block(level - 1));
        var at = path.PositionAt(level - 1) + 1;
        parent.OpenGap(at);
        parent.SetIndex(at, right.Logical(0), added);
        Seal(path.Block(level - 1));
    }

    /// <summary>Removes what lies at or behind <paramref name="from"/> below a node, from the right; true when nothing is left in it.</summary>
    private bool TrimNode(long block, int depth, long from)
    {
        var isChanged = false;
        while (true)
        {
            var node = isChanged ? Modify(block) : Node(block, depth);
            var last = node.Count - 1;
            if (last < 0)
            {
                break;
            }

            if (depth > 0)
            {
                var child = node.Child(last);
                if (!TrimNode(child, depth - 1, from))
                {
                    break;
                }

                Free(child, 1);
            }
            else
            {
                var extent = node.Extent(last);
                if (extent.End <= from)
                {
                    break;
                }

                var keep = (int)Math.Max(0, from - extent.Logical);
                Free(extent.Physical + keep, extent.Length - keep);
                if (keep > 0)
                {
                    Modify(block).SetExtent(last, extent with { Length = keep });
                    isChanged = true;
                    break;
                }
            }

            Modify(block).RemoveAt(last);
            isChanged = true;
        }

        if (isChanged)
        {
            Seal(block);
        }

        return Node(block, depth).Count == 0;
    }

    private ExtExtentPath FindPath(long logical)
    {
        var node = Root();
        var path = new ExtExtentPath(node.Depth);
        var block = RootBlock;
        for (var level = 0; level < path.Depth; level++)
        {
            if (node.Count == 0)
            {
                throw ExtErrors.Corrupt($"inode {Inode.Number} has an empty extent index.");
            }

            var at = Math.Max(0, node.Search(logical));
            path.Set(level, block, at);
            block = node.Child(at);
            node = Child(block, path.Depth - level - 1);
        }

        path.Set(path.Depth, block, node.Search(logical));
        return path;
    }

    private ExtExtentNode Node(long block, int depth) => block == RootBlock ? Root() : Child(block, depth);

    /// <summary>A view for reading; nothing is written through it.</summary>
    private ExtExtentNode Root() => new(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(Inode.BlockArea), ExtInode.BlockAreaSize));

    private ExtExtentNode ModifyRoot() => new(Inode.ModifyBlockArea());

    private ExtExtentNode Child(long block, int depth)
    {
        Volume.CheckDataBlocks(block, 1, Inode.Number);
        var node = new ExtExtentNode(Volume.Cache.Read(block, ExtBlockKind.ExtentNode, this, static (map, b, data) => map.VerifyNode(b, data)));
        return node.Depth == depth ? node : throw ExtErrors.Corrupt(
            $"the extent tree node in block {block} has depth {node.Depth} where {depth} belongs.", block * Volume.BlockSize);
    }

    private ExtExtentNode Modify(long block) => block == RootBlock ? ModifyRoot() : new ExtExtentNode(Volume.Cache.Modify(block));

    private ExtExtentNode CreateNode(long block) => new(Volume.Cache.Create(block, ExtBlockKind.ExtentNode));

    /// <summary>Renews the checksum behind a node's entries.</summary>
    private void Seal(long block)
    {
        if (block != RootBlock && Volume.Superblock.HasMetadataChecksums)
        {
            var data = Volume.Cache.Modify(block).AsSpan();
            var tail = TailOffset(new ExtExtentNode(data));
            BinaryPrimitives.WriteUInt32LittleEndian(data[tail..], Crc32C.Append(_checksumSeed, data[..tail]));
        }
    }

    private static int TailOffset(ExtExtentNode node) => ExtExtentNode.HeaderSize + node.Capacity * ExtExtentNode.EntrySize;

    private void VerifyNode(long block, ReadOnlySpan<byte> data)
    {
        var copy = data.ToArray();
        var node = new ExtExtentNode(copy);
        Check(node, NodeCapacity, block, $"the extent tree node in block {block} of inode {Inode.Number}");
        if (Volume.Superblock.HasMetadataChecksums)
        {
            var tail = TailOffset(node);
            if (BinaryPrimitives.ReadUInt32LittleEndian(data[tail..]) != Crc32C.Append(_checksumSeed, data[..tail]))
            {
                throw ExtErrors.Corrupt($"the checksum of the extent tree node in block {block} of inode {Inode.Number} is wrong.", block * Volume.BlockSize);
            }
        }
    }

    /// <summary>Entries must fit, ascend, not overlap, and point into the volume.</summary>
    private void Check(ExtExtentNode node, int capacity, long? block, string what)
    {
        var offset = block * Volume.BlockSize;
        if (!node.HasMagic || node.Capacity > capacity || node.Capacity == 0 || node.Count > node.Capacity || node.Depth > ExtExtentNode.MaxDepth)
        {
            throw ExtErrors.Corrupt($"{what} has a bad header.", offset);
        }

        var next = 0L;
        for (var i = 0; i < node.Count; i++)
        {
            var logical = node.Logical(i);
            if (logical < next)
            {
                throw ExtErrors.Corrupt($"{what} has entries out of order.", offset);
            }

            if (node.Depth > 0)
            {
                Volume.CheckDataBlocks(node.Child(i), 1, Inode.Number);
                next = logical + 1;
            }
            else
            {
                var extent = node.Extent(i);
                Volume.CheckDataBlocks(extent.Physical, extent.Length, Inode.Number);
                next = extent.End;
            }
        }

        if (next > 1L << 32)
        {
            throw ExtErrors.Corrupt($"{what} maps blocks behind the largest file.", offset);
        }
    }
}
