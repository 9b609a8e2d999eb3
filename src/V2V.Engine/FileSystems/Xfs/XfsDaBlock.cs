using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>What a block of the hash tree is.</summary>
internal enum XfsDaBlockKind
{
    Node,
    AttributeLeaf,
    /// <summary>The only leaf of a directory, with the free space of its data blocks at the end.</summary>
    DirectorySingleLeaf,
    /// <summary>One of a directory's leaves under nodes.</summary>
    DirectoryLeaf,
}

/// <summary>The header that all blocks of hash trees begin with (xfs_da_blkinfo, xfs_da3_blkinfo).</summary>
internal class XfsDaBlock
{
    public const int ChecksumOffset = 12;

    private const int Version4Size = 12;

    private const int Version5Size = 56;

    /// <summary>Magic numbers of both versions, in the order of <see cref="XfsDaBlockKind"/>.</summary>
    private static readonly (ushort Version4, ushort Version5)[] s_magics = [(0xFEBE, 0x3EBE), (0xFBEE, 0x3BEE), (0xD2F1, 0x3DF1), (0xD2FF, 0x3DFF)];

    private static class Offsets
    {
        public const int Next = 0;
        public const int Previous = 4;
        public const int Magic = 8;
        public const int Identity = 16;
    }

    /// <exception cref="GuestFileSystemException">It is no block of a hash tree, or one of another inode.</exception>
    public XfsDaBlock(XfsFork fork, uint block, XfsBuffer buffer)
    {
        Fork = fork;
        Block = block;
        Buffer = buffer;
        var magic = BinaryPrimitives.ReadUInt16BigEndian(buffer.Data.AsSpan(Offsets.Magic));
        var kind = Array.FindIndex(s_magics, m => magic == (fork.Geometry.IsV5 ? m.Version5 : m.Version4));
        Kind = kind >= 0 ? (XfsDaBlockKind)kind : throw Corrupt("is no block of a hash tree");
        if (fork.Geometry.IsV5)
        {
            XfsDaIdentity.Verify(fork, buffer, Offsets.Identity);
        }
    }

    /// <summary>Number of the block within the fork.</summary>
    public uint Block { get; }

    public XfsBuffer Buffer { get; }

    public XfsDaBlockKind Kind { get; private set; }

    /// <summary>The next block of the same level (forw), or 0.</summary>
    public uint Next
    {
        get => BinaryPrimitives.ReadUInt32BigEndian(Buffer.Data.AsSpan(Offsets.Next));
        set => BinaryPrimitives.WriteUInt32BigEndian(Modify(Offsets.Next), value);
    }

    /// <summary>The block before it on the same level (back), or 0.</summary>
    public uint Previous
    {
        get => BinaryPrimitives.ReadUInt32BigEndian(Buffer.Data.AsSpan(Offsets.Previous));
        set => BinaryPrimitives.WriteUInt32BigEndian(Modify(Offsets.Previous), value);
    }

    protected XfsFork Fork { get; }

    protected byte[] Data => Buffer.Data;

    /// <summary>Bytes of this header, behind which each kind goes on with its own.</summary>
    protected int InfoSize => InfoSizeOf(Fork.Geometry);

    /// <summary>Writes the header of a new block.</summary>
    public static void Initialise(XfsFork fork, XfsBuffer buffer, XfsDaBlockKind kind)
    {
        buffer.MarkDirty();
        buffer.Data.AsSpan().Clear();
        WriteMagic(fork, buffer, kind);
        if (fork.Geometry.IsV5)
        {
            XfsDaIdentity.Write(fork, buffer, Offsets.Identity);
        }
    }

    /// <summary>Makes this block an exact copy of another one, but for what tells its own place.</summary>
    public static void Copy(XfsFork fork, XfsBuffer from, XfsBuffer to)
    {
        to.MarkDirty();
        from.Data.CopyTo(to.Data, 0);
        if (fork.Geometry.IsV5)
        {
            XfsDaIdentity.Write(fork, to, Offsets.Identity);
        }
    }

    protected static int InfoSizeOf(XfsGeometry geometry) => geometry.IsV5 ? Version5Size : Version4Size;

    protected void ChangeKind(XfsDaBlockKind kind)
    {
        Buffer.MarkDirty();
        WriteMagic(Fork, Buffer, kind);
        Kind = kind;
    }

    protected Span<byte> Modify(int offset)
    {
        Buffer.MarkDirty();
        return Buffer.Data.AsSpan(offset);
    }

    protected GuestFileSystemException Corrupt(string what) =>
        XfsErrors.Corrupt($"block {Block} of the hash tree of inode {Fork.Owner} {what}.", Buffer.Address);

    private static void WriteMagic(XfsFork fork, XfsBuffer buffer, XfsDaBlockKind kind)
    {
        var (version4, version5) = s_magics[(int)kind];
        BinaryPrimitives.WriteUInt16BigEndian(buffer.Data.AsSpan(Offsets.Magic), fork.Geometry.IsV5 ? version5 : version4);
    }
}
