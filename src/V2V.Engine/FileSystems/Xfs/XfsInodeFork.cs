namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The data or the attribute fork of an inode.</summary>
internal sealed class XfsInodeFork(XfsInode inode, bool isAttributeFork) : XfsFork
{
    /// <summary>Bytes of the header that inline attributes have (struct xfs_attr_sf_hdr); it begins with the size of all.</summary>
    private const int InlineAttributesHeader = 4;

    public XfsInode Inode => inode;

    public bool IsAttributeFork => isAttributeFork;

    /// <summary>An attribute fork may be missing.</summary>
    public bool Exists => !isAttributeFork || inode.ForkOffset != 0;

    public override XfsGeometry Geometry => inode.Volume.Geometry;

    public override ulong Owner => inode.Number;

    public override XfsForkFormat Format => inode.GetFormat(isAttributeFork);

    public override long Size
    {
        get => inode.Size;
        set => inode.Size = value;
    }

    public override int InlineCapacity => Area.Length;

    public override ReadOnlySpan<byte> Inline => Area.Span[..InlineLength];

    public ulong ExtentCount
    {
        get => inode.GetExtentCount(isAttributeFork);
        set => inode.SetExtentCount(isAttributeFork, value);
    }

    public XfsExtentMap Extents => new(this);

    /// <summary>Extents in the inode's own list; 0 for other formats.</summary>
    public int ListLength => Format == XfsForkFormat.Extents ? (int)ExtentCount : 0;

    /// <summary>The most extents that the inode's own list can hold.</summary>
    public int ListCapacity => Area.Length / XfsExtent.Size;

    /// <summary>The root of the extent B-tree.</summary>
    public XfsBTreeNode BTreeRoot => new(XfsBTreeShapes.Extents, Area, () => inode.Change());

    private Memory<byte> Area
    {
        get
        {
            var split = inode.ForkOffset;
            var all = inode.ForkArea;
            return isAttributeFork ? (split == 0 ? Memory<byte>.Empty : all[split..]) : split == 0 ? all : all[..split];
        }
    }

    private int InlineLength => isAttributeFork ? ((ReadOnlySpan<byte>)Area.Span).U16(0) : (int)inode.Size;

    public XfsExtent ListItem(int index) => XfsExtent.Parse(Area.Span.Slice(index * XfsExtent.Size, XfsExtent.Size));

    /// <summary>Whether what the format promises lies within the fork.</summary>
    public bool IsHeaderGood() => Format switch
    {
        XfsForkFormat.Device => !isAttributeFork && Area.Length >= sizeof(uint),
        XfsForkFormat.Local => isAttributeFork
            ? Area.Length >= InlineAttributesHeader && InlineLength >= InlineAttributesHeader && InlineLength <= Area.Length
            : inode.Size <= Area.Length,
        XfsForkFormat.Extents => ExtentCount <= (ulong)ListCapacity,
        XfsForkFormat.BTree => Area.Length > XfsBTreeNode.InodeRootHeaderSize && BTreeRoot is { Level: > 0 and < XfsAgf.MaxLevels, Count: > 0 } root
            && root.Count <= root.Capacity,
        _ => false,
    };

    public override XfsBuffer? Read(uint block, int count, int? checksumOffset)
    {
        if (Locate(block, count) is not { } parts)
        {
            return null;
        }

        return inode.Volume.Cache.Read(parts, checksumOffset);
    }

    public override IEnumerable<(uint Block, uint Count)> Mapped(uint from)
    {
        foreach (var extent in Extents.From(from))
        {
            if (extent.End > uint.MaxValue)
            {
                throw XfsErrors.Corrupt($"inode {inode.Number} has blocks beyond the largest directory.");
            }

            var start = Math.Max(extent.Offset, from);
            yield return ((uint)start, (uint)(extent.End - start));
        }
    }

    public override void SetInline(ReadOnlySpan<byte> content)
    {
        SetFormat(XfsForkFormat.Local);
        content.CopyTo(Area.Span);
        if (!isAttributeFork)
        {
            inode.Size = content.Length;
        }
    }

    public override void BecomeExtents() => SetFormat(XfsForkFormat.Extents);

    /// <summary>Makes the fork a B-tree with an empty root above leaves; the number of extents stays.</summary>
    public XfsBTreeNode BecomeTree()
    {
        var count = ExtentCount;
        SetFormat(XfsForkFormat.BTree);
        ExtentCount = count;
        var root = BTreeRoot;
        root.Initialise(1);
        return root;
    }

    /// <summary>Puts other extents into the inode's list.</summary>
    public void SetList(IReadOnlyList<XfsExtent> extents)
    {
        SetFormat(XfsForkFormat.Extents);
        for (var i = 0; i < extents.Count; i++)
        {
            extents[i].ToBytes().CopyTo(Area.Span[(i * XfsExtent.Size)..]);
        }

        ExtentCount = (ulong)extents.Count;
    }

    public override XfsBuffer Allocate(uint block, int count, int? checksumOffset)
    {
        new XfsForkSpace(this).Allocate(block, (uint)count);
        return inode.Volume.Cache.Create(Locate(block, count)!, checksumOffset);
    }

    public override void Free(uint block, int count) => new XfsForkSpace(this).Free(block, (uint)count);

    public override bool TryReserveInline(int length) => isAttributeFork ? XfsForkLayout.TryReserveAttributes(inode, length) : length <= InlineCapacity;

    public override void Remove() => XfsForkLayout.RemoveAttributes(inode);

    /// <summary>The bytes that matter to a fork that is no B-tree.</summary>
    public ReadOnlySpan<byte> UsedBytes => Format switch
    {
        XfsForkFormat.Local => Inline,
        XfsForkFormat.Extents => Area.Span[..(ListLength * XfsExtent.Size)],
        _ => Area.Span[..sizeof(uint)],
    };

    /// <summary>Puts back what <see cref="UsedBytes"/> was before the fork's place changed.</summary>
    public void RestoreBytes(ReadOnlySpan<byte> bytes)
    {
        inode.Change();
        bytes.CopyTo(Area.Span);
    }

    /// <summary>Starts with an empty fork of a format.</summary>
    private void SetFormat(XfsForkFormat format)
    {
        inode.SetFormat(isAttributeFork, format);
        ExtentCount = 0;
        Area.Span.Clear();
    }

    /// <summary>Where the blocks lie on the volume; null where the first of them is a hole.</summary>
    private List<ByteRange>? Locate(uint block, int count)
    {
        var superblock = inode.Volume.Superblock;
        var parts = new List<ByteRange>();
        for (ulong at = block, end = (ulong)block + (uint)count; at < end;)
        {
            var extent = Extents.FindAtOrAfter(at);
            if (extent is null || extent.Value.Offset > at)
            {
                return at == block ? null : throw XfsErrors.Corrupt($"inode {inode.Number} has a hole within the block at {block}.");
            }

            if (extent.Value.IsUnwritten)
            {
                throw XfsErrors.Corrupt($"inode {inode.Number} has metadata that was never written, at logical block {at}.");
            }

            var length = Math.Min(end, extent.Value.End) - at;
            parts.Add(new ByteRange(superblock.ByteOf(extent.Value.Slice(at, length).Block), (long)length << superblock.BlockLog));
            at += length;
        }

        return parts;
    }
}
