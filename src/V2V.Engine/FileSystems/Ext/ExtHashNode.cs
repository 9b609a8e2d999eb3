using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// The index entries of a hash tree block (Documentation/filesystems/ext4/directory.rst, "Hash Tree Directories"). Entry 0 has no hash; its place
/// holds limit and count. A view over the bytes.
/// </summary>
/// <param name="block">The whole block.</param>
/// <param name="start">Where the entries begin: differs between the root and the other nodes.</param>
internal readonly ref struct ExtHashNode(Span<byte> block, int start)
{
    /// <summary>Entries of the root follow the records of "." and ".." and eight bytes of root information.</summary>
    public const int RootStart = 32;

    /// <summary>Entries of another node follow one unused record that spans the block.</summary>
    public const int NodeStart = 8;

    public const int EntrySize = 8;

    /// <summary>A reserved word and the checksum, behind the last possible entry.</summary>
    private const int TailSize = 8;

    /// <summary>The upper four bits of a block number are reserved.</summary>
    private const uint BlockMask = 0x0FFFFFFF;

    private static class Offsets
    {
        public const int Limit = 0;
        public const int Count = 2;
        public const int Hash = 0;
        public const int Block = 4;
        public const int TailChecksum = 4;
    }

    private readonly Span<byte> _block = block;

    public int Limit => BinaryPrimitives.ReadUInt16LittleEndian(_block[(start + Offsets.Limit)..]);

    public int Count => BinaryPrimitives.ReadUInt16LittleEndian(_block[(start + Offsets.Count)..]);

    public bool IsFull => Count >= Limit;

    /// <summary>How many entries a node has room for.</summary>
    public static int Capacity(int start, ExtSuperblock superblock) =>
        (superblock.BlockSize - start - (superblock.HasMetadataChecksums ? TailSize : 0)) / EntrySize;

    public void WriteHeader(int count, int limit)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_block[(start + Offsets.Limit)..], (ushort)limit);
        BinaryPrimitives.WriteUInt16LittleEndian(_block[(start + Offsets.Count)..], (ushort)count);
    }

    /// <summary>The lowest hash below an entry; of entry 0, zero. Its lowest bit says that equal hashes began in the block before.</summary>
    public uint Hash(int index) => index == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(_block[(At(index) + Offsets.Hash)..]);

    public uint Block(int index) => BinaryPrimitives.ReadUInt32LittleEndian(_block[(At(index) + Offsets.Block)..]) & BlockMask;

    public void SetBlock(int index, uint block) => BinaryPrimitives.WriteUInt32LittleEndian(_block[(At(index) + Offsets.Block)..], block);

    public void Insert(int index, uint hash, uint block)
    {
        var count = Count;
        _block[At(index)..At(count)].CopyTo(_block[At(index + 1)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(_block[(At(index) + Offsets.Hash)..], hash);
        SetBlock(index, block);
        WriteHeader(count + 1, Limit);
    }

    /// <summary>The entries from one on, as bytes; the first word of entry 0 is not a hash.</summary>
    public Span<byte> Entries(int index, int count) => _block.Slice(At(index), count * EntrySize);

    /// <summary>The last entry whose hash is at most <paramref name="hash"/>.</summary>
    public int Search(uint hash)
    {
        var low = 1;
        var high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Hash(middle) <= hash)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    public void Seal(ExtSuperblock superblock, uint seed)
    {
        if (superblock.HasMetadataChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_block[(At(Limit) + Offsets.TailChecksum)..], ComputeChecksum(seed));
        }
    }

    public void Verify(ExtSuperblock superblock, uint seed, uint inode, long offset)
    {
        if (Limit != Capacity(start, superblock) || Count == 0 || Count > Limit)
        {
            throw ExtErrors.Corrupt($"a hash tree block of directory {inode} counts {Count} of {Limit} entries.", offset);
        }

        if (superblock.HasMetadataChecksums
            && BinaryPrimitives.ReadUInt32LittleEndian(_block[(At(Limit) + Offsets.TailChecksum)..]) != ComputeChecksum(seed))
        {
            throw ExtErrors.Corrupt($"the checksum of a hash tree block of directory {inode} is wrong.", offset);
        }
    }

    /// <summary>Over everything up to the last entry in use, then the tail with its checksum taken as zero.</summary>
    private uint ComputeChecksum(uint seed)
    {
        var crc = Crc32C.Append(seed, _block[..At(Count)]);
        crc = Crc32C.Append(crc, _block.Slice(At(Limit), Offsets.TailChecksum));
        return Crc32C.Append(crc, 0u);
    }

    private int At(int index) => start + index * EntrySize;
}
