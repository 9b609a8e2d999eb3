using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vhd;

/// <summary>The header of a dynamic or differencing VHD (specification 1.0, "Dynamic Disk Header Format"). Numbers are big-endian.</summary>
internal sealed record VhdDynamicHeader
{
    public const int Size = 1024;

    private const int LocatorCount = 8;
    private const int SectorSize = 512;

    // Blocks have 2 MiB, in differencing disks of some tools less; QEMU and VirtualBox read no larger ones.
    private const uint MaximumBlockSize = 256 << 20;

    // 2 TiB in blocks of 128 KiB: bounds the table to 64 MiB.
    private const long MaximumEntries = 16 << 20;

    private static class Field
    {
        public const int TableOffset = 16;
        public const int Version = 24;
        public const int TableEntries = 28;
        public const int BlockSize = 32;
        public const int Checksum = 36;
        public const int ParentId = 40;
        public const int ParentName = 64;
        public const int ParentNameLength = 512;
        public const int Locators = 576;
    }

    /// <summary>Where the block allocation table starts, in bytes.</summary>
    public required long TableOffset { get; init; }

    /// <summary>Entries of the table that the disk's size needs.</summary>
    public required int TableEntries { get; init; }

    /// <summary>Bytes of the disk that one block holds.</summary>
    public required int BlockSize { get; init; }

    /// <summary>UniqueId of the parent of a differencing disk.</summary>
    public required Guid ParentId { get; init; }

    /// <summary>Name of the parent's file, without its folder.</summary>
    public required string ParentName { get; init; }

    public required IReadOnlyList<VhdParentLocator> ParentLocators { get; init; }

    /// <summary>Bytes that stand before a block's data: a bit for each of its sectors, in whole sectors.</summary>
    public int BitmapSize => ((BlockSize / SectorSize / 8) + SectorSize - 1) & -SectorSize;

    public static VhdDynamicHeader Read(DiskFile file, VhdFooter footer)
    {
        long at = footer.DataOffset;
        if (at < 0 || at > file.Length - Size)
        {
            throw ImageFault.Corrupt(file, VhdDisk.Format, null, $"its dynamic disk header is said to start at byte {at}; the file ends at {file.Length}.");
        }

        Span<byte> header = stackalloc byte[Size];
        file.Read(at, header);
        if (!header.StartsWith("cxsparse"u8))
        {
            throw ImageFault.Corrupt(file, VhdDisk.Format, at, "there is no dynamic disk header.");
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(header[Field.Checksum..]) != VhdFooter.Checksum(header, Field.Checksum))
        {
            throw ImageFault.Corrupt(file, VhdDisk.Format, at + Field.Checksum, "the dynamic disk header has a wrong checksum.");
        }

        uint version = BinaryPrimitives.ReadUInt32BigEndian(header[Field.Version..]);
        if (version >> 16 != 1)
        {
            throw ImageFault.Unsupported(file, VhdDisk.Format, $"has a header of version {version >> 16}.{version & 0xFFFF}; 1.0 can be read.", VhdDisk.ConvertAdvice);
        }

        uint blockSize = BinaryPrimitives.ReadUInt32BigEndian(header[Field.BlockSize..]);
        if (!BitOperations.IsPow2(blockSize) || blockSize is < SectorSize or > MaximumBlockSize)
        {
            throw ImageFault.Corrupt(
                file, VhdDisk.Format, at + Field.BlockSize, $"its blocks have {blockSize} bytes; a power of two from {SectorSize} to {MaximumBlockSize} is needed.");
        }

        // The table may have room for more than the disk needs, never for less.
        long needed = ((footer.DiskSize - 1) / blockSize) + 1;
        uint entries = BinaryPrimitives.ReadUInt32BigEndian(header[Field.TableEntries..]);
        long table = BinaryPrimitives.ReadInt64BigEndian(header[Field.TableOffset..]);
        if (entries < needed || needed > MaximumEntries || table < 0 || table > file.Length - (needed * sizeof(uint)))
        {
            throw ImageFault.Corrupt(
                file, VhdDisk.Format, at + Field.TableEntries,
                $"its block allocation table of {entries} entries at byte {table} does not do for a disk of {footer.DiskSize} bytes in a file of {file.Length}.");
        }

        var locators = new List<VhdParentLocator>();
        for (int i = 0; i < LocatorCount; i++)
        {
            locators.Add(VhdParentLocator.Parse(header[(Field.Locators + (i * VhdParentLocator.Size))..]));
        }

        string name = Encoding.BigEndianUnicode.GetString(header.Slice(Field.ParentName, Field.ParentNameLength));
        return new VhdDynamicHeader
        {
            TableOffset = table,
            TableEntries = (int)needed,
            BlockSize = (int)blockSize,
            ParentId = new Guid(header.Slice(Field.ParentId, 16), bigEndian: true),
            ParentName = name.Split('\0')[0],
            ParentLocators = locators,
        };
    }
}
