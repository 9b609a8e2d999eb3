using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// A block of extended attributes (Documentation/filesystems/ext4/attributes.rst): a header, entries in the order of index, name length
/// and name, and values from the end. Inodes with the same attributes may share it.
/// </summary>
internal static class ExtXattrBlock
{
    public const uint Magic = 0xEA020000;

    public const int HeaderSize = 32;

    private const int EntryHashShift = 16;

    private static class Offsets
    {
        public const int Magic = 0;
        public const int ReferenceCount = 4;
        public const int Blocks = 8;
        public const int Hash = 12;
        public const int Checksum = 16;
    }

    public static byte[] Read(ExtVolume volume, long block, uint inode)
    {
        volume.CheckDataBlocks(block, 1, inode);
        return volume.Cache.Read(block, ExtBlockKind.Xattrs, volume, Verify);
    }

    public static uint ReferenceCount(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt32LittleEndian(data[Offsets.ReferenceCount..]);

    public static void SetReferenceCount(ExtVolume volume, long block, uint count)
    {
        var data = volume.Cache.Modify(block);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(Offsets.ReferenceCount), count);
        Seal(volume, block, data);
    }

    /// <summary>Writes entries into a block that one inode refers to.</summary>
    public static void Write(ExtVolume volume, long block, IReadOnlyList<ExtXattrEntry> entries)
    {
        var data = volume.Cache.Create(block, ExtBlockKind.Xattrs).AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(data[Offsets.Magic..], Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(data[Offsets.ReferenceCount..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(data[Offsets.Blocks..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(data[Offsets.Hash..], Hash(entries));
        ExtXattrEntry.WriteAll(entries, data, HeaderSize, valueBase: 0);
        Seal(volume, block, data);
    }

    /// <summary>The order in which the kernel looks for an entry.</summary>
    public static int Compare(ExtXattrEntry left, ExtXattrEntry right)
    {
        var order = left.NameIndex.CompareTo(right.NameIndex);
        order = order != 0 ? order : left.Name.Length.CompareTo(right.Name.Length);
        return order != 0 ? order : left.Name.AsSpan().SequenceCompareTo(right.Name);
    }

    /// <summary>h_hash, by which the kernel finds equal blocks; zero (no sharing) when an entry has no hash.</summary>
    private static uint Hash(IReadOnlyList<ExtXattrEntry> entries)
    {
        var hash = 0u;
        foreach (var entry in entries)
        {
            if (entry.Hash == 0)
            {
                return 0;
            }

            hash = BitOperations.RotateLeft(hash, EntryHashShift) ^ entry.Hash;
        }

        return hash;
    }

    private static void Seal(ExtVolume volume, long block, Span<byte> data)
    {
        if (volume.Superblock.HasMetadataChecksums)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(data[Offsets.Checksum..], ComputeChecksum(volume, block, data));
        }
    }

    private static void Verify(ExtVolume volume, long block, ReadOnlySpan<byte> data)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(data) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(data[Offsets.Blocks..]) != 1
            || ReferenceCount(data) == 0)
        {
            throw ExtErrors.Corrupt($"block {block} does not hold extended attributes.", block * volume.BlockSize);
        }

        if (volume.Superblock.HasMetadataChecksums
            && ComputeChecksum(volume, block, data) != BinaryPrimitives.ReadUInt32LittleEndian(data[Offsets.Checksum..]))
        {
            throw ExtErrors.Corrupt($"the checksum of the extended attributes in block {block} is wrong.", block * volume.BlockSize);
        }
    }

    private static uint ComputeChecksum(ExtVolume volume, long block, ReadOnlySpan<byte> data)
    {
        var crc = Crc32C.Append(volume.Superblock.ChecksumSeed, (ulong)block);
        crc = Crc32C.Append(crc, data[..Offsets.Checksum]);
        crc = Crc32C.Append(crc, 0u);
        return Crc32C.Append(crc, data[(Offsets.Checksum + sizeof(uint))..]);
    }
}
