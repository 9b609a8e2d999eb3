using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Where the parts of a directory stand. The fork has three spaces of 32 GiB: entries in data blocks, the hash tree, and the free index.
/// The hash tree addresses an entry by its byte position in the data space divided by eight.
/// </summary>
internal sealed class XfsDirectoryLayout
{
    /// <summary>Entries and free records begin at multiples of this and are at least this long.</summary>
    public const int Alignment = 8;

    /// <summary>Checksum in data blocks and free index blocks.</summary>
    public const int ChecksumOffset = 4;

    /// <summary>Where the identity follows in v5 headers of data blocks and free index blocks.</summary>
    public const int IdentityOffset = 8;

    /// <summary>Magic number alone; in v5 also checksum and identity.</summary>
    private const int Version4BlockHeader = 4;

    private const int Version5BlockHeader = 48;

    private const long SpaceSize = 1L << 35;

    private const int InodeNumberSize = sizeof(ulong);

    private readonly XfsGeometry _geometry;

    public XfsDirectoryLayout(XfsGeometry geometry)
    {
        _geometry = geometry;
        LeafStart = (uint)(SpaceSize / geometry.BlockSize);
        FreeStart = (uint)(2 * SpaceSize / geometry.BlockSize);
        End = (uint)(3 * SpaceSize / geometry.BlockSize);
    }

    /// <summary>Bytes in a directory block.</summary>
    public int BlockSize => _geometry.DirectoryBlockSize;

    /// <summary>File system blocks in a directory block.</summary>
    public int BlockCount => _geometry.DirectoryBlocks;

    /// <summary>First block (as the fork counts, in file system blocks) of the hash tree, its root.</summary>
    public uint LeafStart { get; }

    public uint FreeStart { get; }

    /// <summary>First block behind the free index.</summary>
    public uint End { get; }

    /// <summary>Bytes before the own fields of data and free index blocks.</summary>
    public int BlockHeaderSize => _geometry.IsV5 ? Version5BlockHeader : Version4BlockHeader;

    /// <summary>Bytes that an entry takes in a data block: inode number, length, name, type, and its own offset at the end.</summary>
    public int EntrySize(int nameLength) => Align(TypeOffset(nameLength) + (_geometry.HasFileTypes ? 1 : 0) + sizeof(ushort));

    /// <summary>Where the type stands in an entry that has one.</summary>
    public static int TypeOffset(int nameLength) => InodeNumberSize + 1 + nameLength;

    public uint Address(uint dataBlock, int offset) => (uint)((((long)dataBlock * BlockSize) + offset) / Alignment);

    public (uint DataBlock, int Offset) Locate(uint address)
    {
        var position = (long)address * Alignment;
        return ((uint)(position / BlockSize), (int)(position % BlockSize));
    }

    /// <summary>Checks what v5 headers of data and free index blocks say.</summary>
    public void Verify(XfsFork fork, XfsBuffer buffer)
    {
        if (_geometry.IsV5)
        {
            XfsDaIdentity.Verify(fork, buffer, IdentityOffset);
        }
    }

    /// <summary>Writes the header of a data or free index block.</summary>
    public void WriteHeader(XfsFork fork, XfsBuffer buffer, uint magic)
    {
        buffer.MarkDirty();
        BinaryPrimitives.WriteUInt32BigEndian(buffer.Data, magic);
        if (_geometry.IsV5)
        {
            XfsDaIdentity.Write(fork, buffer, IdentityOffset);
        }
    }

    private static int Align(int size) => (size + Alignment - 1) / Alignment * Alignment;
}
