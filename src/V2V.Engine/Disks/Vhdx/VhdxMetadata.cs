using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>What a VHDX says of its disk ([MS-VHDX] 2.6).</summary>
internal sealed record VhdxMetadata
{
    private const int TableSize = 64 << 10;
    private const int EntrySize = 32;
    private const int FirstEntry = 32;
    private const int MaximumEntries = 2047;
    private const uint MaximumItemSize = 1 << 20;

    private const uint MinimumBlockSize = 1 << 20;
    private const uint MaximumBlockSize = 256 << 20;
    private const long MaximumDiskSize = 64L << 40;

    private static class Field
    {
        public const int EntryCount = 10;
        public const int ItemOffset = 16;
        public const int ItemLength = 20;
        public const int ItemFlags = 24;
    }

    private const uint IsRequired = 4;
    private const uint HasParentFlag = 2;

    private static readonly Guid s_fileParameters = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
    private static readonly Guid s_diskSize = new("2FA54224-CD1B-4876-B211-5DBED83BF4B8");
    private static readonly Guid s_diskId = new("BECA12AB-B2E6-4523-93EF-C309E000C746");
    private static readonly Guid s_logicalSectorSize = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");
    private static readonly Guid s_physicalSectorSize = new("CDA348C7-445D-4471-9CC9-E9885251C556");
    private static readonly Guid s_parentLocator = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

    /// <summary>Size of the disk, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Bytes of a payload block.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Bytes of a sector as the guest sees it: 512 or 4096.</summary>
    public required int SectorSize { get; init; }

    /// <summary>How the parent of a differencing disk is found; null for other disks.</summary>
    public required VhdxParentLocator? Parent { get; init; }

    /// <summary>Payload blocks whose sectors one sector bitmap block tells of.</summary>
    public int ChunkRatio => (int)((1L << 23) * SectorSize / BlockSize);

    public static VhdxMetadata Read(DiskFile file, VhdxRegion region)
    {
        if (region.Length < TableSize)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, region.Offset, $"its metadata take {region.Length} bytes; at least {TableSize} are needed.");
        }

        byte[] table = new byte[TableSize];
        file.Read(region.Offset, table);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(Field.EntryCount));
        if (!table.AsSpan().StartsWith("metadata"u8) || count > MaximumEntries)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, region.Offset, "there is no metadata table.");
        }

        var items = new Dictionary<Guid, byte[]>();
        for (int i = 0; i < count; i++)
        {
            AddItem(file, region, table.AsSpan(FirstEntry + (i * EntrySize), EntrySize), items);
        }

        return Parse(file, region.Offset, items);
    }

    private static void AddItem(DiskFile file, VhdxRegion region, ReadOnlySpan<byte> entry, Dictionary<Guid, byte[]> items)
    {
        var id = new Guid(entry[..16]);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.ItemOffset..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.ItemLength..]);
        bool isKnown = id == s_fileParameters || id == s_diskSize || id == s_diskId || id == s_logicalSectorSize || id == s_physicalSectorSize || id == s_parentLocator;
        if (!isKnown)
        {
            if ((BinaryPrimitives.ReadUInt32LittleEndian(entry[Field.ItemFlags..]) & IsRequired) != 0)
            {
                throw ImageFault.Unsupported(file, VhdxDisk.Format, $"has metadata that must be understood and are not known: {id}.", VhdxDisk.ConvertAdvice);
            }

            return;
        }

        if (length > MaximumItemSize || (long)offset + length > region.Length)
        {
            throw ImageFault.Corrupt(
                file, VhdxDisk.Format, region.Offset + offset, $"an item of {length} bytes does not lie within the metadata, which have {region.Length}.");
        }

        byte[] item = new byte[length];
        file.Read(region.Offset + offset, item);
        if (!items.TryAdd(id, item))
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, region.Offset + offset, $"its metadata have the item {id} twice.");
        }
    }

    private static VhdxMetadata Parse(DiskFile file, long at, Dictionary<Guid, byte[]> items)
    {
        byte[] Item(Guid id, int length, string name) => items.TryGetValue(id, out byte[]? item) && item.Length >= length
            ? item
            : throw ImageFault.Corrupt(file, VhdxDisk.Format, at, $"its metadata lack the {name}.");

        byte[] parameters = Item(s_fileParameters, 8, "file parameters");
        uint blockSize = BinaryPrimitives.ReadUInt32LittleEndian(parameters);
        if (!BitOperations.IsPow2(blockSize) || blockSize is < MinimumBlockSize or > MaximumBlockSize)
        {
            throw ImageFault.Corrupt(
                file, VhdxDisk.Format, at, $"its blocks have {blockSize} bytes; a power of two from {MinimumBlockSize} to {MaximumBlockSize} is needed.");
        }

        uint sectorSize = BinaryPrimitives.ReadUInt32LittleEndian(Item(s_logicalSectorSize, 4, "logical sector size"));
        long size = BinaryPrimitives.ReadInt64LittleEndian(Item(s_diskSize, 8, "size of the disk"));
        if (sectorSize is not (512 or 4096) || size is <= 0 or > MaximumDiskSize || size % sectorSize != 0)
        {
            throw ImageFault.Corrupt(file, VhdxDisk.Format, at, $"a disk of {size} bytes in sectors of {sectorSize} is not possible.");
        }

        bool hasParent = (BinaryPrimitives.ReadUInt32LittleEndian(parameters.AsSpan(4)) & HasParentFlag) != 0;
        return new VhdxMetadata
        {
            DiskSize = size,
            BlockSize = (int)blockSize,
            SectorSize = (int)sectorSize,
            Parent = hasParent ? VhdxParentLocator.Parse(file, at, Item(s_parentLocator, VhdxParentLocator.HeaderSize, "parent locator")) : null,
        };
    }
}
