using System.Buffers.Binary;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>A region of the file.</summary>
internal readonly record struct VhdxRegion(long Offset, uint Length);

/// <summary>The region table, which tells where the block allocation table and the metadata stand ([MS-VHDX] 2.2.3). There are two copies.</summary>
/// <param name="BlockAllocationTable">Where it stands.</param>
/// <param name="Metadata">Where they stand.</param>
internal sealed record VhdxRegions(VhdxRegion BlockAllocationTable, VhdxRegion Metadata)
{
    private const int Size = 64 << 10;
    private const int EntrySize = 32;
    private const int FirstEntry = 16;
    private const int MaximumEntries = 2047;

    private static class Field
    {
        public const int Checksum = 4;
        public const int EntryCount = 8;
        public const int EntryOffset = 16;
        public const int EntryLength = 24;
        public const int EntryRequired = 28;
    }

    private static readonly Guid s_blockAllocationTable = new("2DC27766-F623-4200-9D64-115E9BFD4A08");
    private static readonly Guid s_metadata = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");
    private static readonly long[] s_positions = [192 << 10, 256 << 10];

    public static VhdxRegions Read(DiskFile file)
    {
        byte[] table = new byte[Size];
        foreach (long position in s_positions)
        {
            if (position <= file.Length - Size)
            {
                file.Read(position, table);
                if (VhdxHeader.HasChecksum(table, "regi"u8, Field.Checksum))
                {
                    return Parse(file, position, table);
                }
            }
        }

        throw ImageFault.Corrupt(file, VhdxDisk.Format, s_positions[0], "neither of its two region tables has a right checksum.");
    }

    private static VhdxRegions Parse(DiskFile file, long position, ReadOnlySpan<byte> table)
    {
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(table[Field.EntryCount..]);
        if (count > MaximumEntries)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, position + Field.EntryCount, $"its region table has {count} entries; at most {MaximumEntries} are possible.");
        }

        VhdxRegion? blocks = null;
        VhdxRegion? metadata = null;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = table.Slice(FirstEntry + (i * EntrySize), EntrySize);
            var id = new Guid(entry[..16]);
            var region = new VhdxRegion(
                BinaryPrimitives.ReadInt64LittleEndian(entry[Field.EntryOffset..]), BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.EntryLength..]));
            if (region.Offset < 0 || region.Offset > file.Length - region.Length)
            {
                throw ImageFault.Corrupt(
                    file, VhdxDisk.Format, position + FirstEntry + (i * EntrySize),
                    $"a region of {region.Length} bytes at byte {region.Offset} does not lie within the file of {file.Length}.");
            }

            if (id == s_blockAllocationTable)
            {
                blocks = region;
            }
            else if (id == s_metadata)
            {
                metadata = region;
            }
            else if ((BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.EntryRequired..]) & 1) != 0)
            {
                throw ImageFault.Unsupported(file, VhdxDisk.Format, $"has a region that must be understood and is not known: {id}.", VhdxDisk.ConvertAdvice);
            }
        }

        return blocks is { } bat && metadata is { } meta
            ? new VhdxRegions(bat, meta)
            : throw ImageFault.Corrupt(file, VhdxDisk.Format, position, "its region table lacks the block allocation table or the metadata.");
    }
}
