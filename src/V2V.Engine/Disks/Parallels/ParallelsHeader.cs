using System.Buffers.Binary;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Parallels;

/// <summary>The header of an expanding Parallels or Virtuozzo image (QEMU's docs/interop/parallels.rst). Numbers are little-endian.</summary>
internal sealed record ParallelsHeader
{
    public const int Size = 64;

    private const int SectorSize = 512;
    private const uint KnownVersion = 2;
    private const uint InUse = 0x746F6E59;

    // QEMU's limit, too: bounds the map to 128 MiB less a little.
    private const uint MaximumEntries = (int.MaxValue / sizeof(uint)) / 16;
    private const uint MaximumBlockSectors = 1 << 20;

    private static class Field
    {
        public const int Version = 16;
        public const int BlockSectors = 28;
        public const int Entries = 32;
        public const int DiskSectors = 36;
        public const int InUse = 44;
        public const int DataStart = 48;
    }

    /// <summary>Size of the disk, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Bytes of the disk that one block holds.</summary>
    public required long BlockSize { get; init; }

    /// <summary>Entries of the map that follows the header.</summary>
    public required int Entries { get; init; }

    /// <summary>Bytes that one unit of a map entry stands for: a sector in the old form, a block in the newer one.</summary>
    public required long EntryUnit { get; init; }

    public required bool WasNotClosed { get; init; }

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith("WithoutFreeSpace"u8) || start.StartsWith("WithouFreSpacExt"u8);

    public static ParallelsHeader Read(DiskFile file)
    {
        if (file.Length < Size)
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, 0, "it is shorter than a header.");
        }

        Span<byte> header = stackalloc byte[Size];
        file.Read(0, header);
        if (!HasMagic(header))
        {
            throw ImageFault.Corrupt(file, ParallelsDisk.Format, 0, "there is no Parallels header.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Version..]);
        if (version != KnownVersion)
        {
            throw ImageFault.Unsupported(file, ParallelsDisk.Format, $"has version {version}; version {KnownVersion} can be read.", ParallelsDisk.ConvertAdvice);
        }

        bool isExtended = header.StartsWith("WithouFreSpacExt"u8);
        uint blockSectors = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.BlockSectors..]);
        uint entries = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Entries..]);
        ulong sectors = isExtended
            ? BinaryPrimitives.ReadUInt64LittleEndian(header[Field.DiskSectors..])
            : BinaryPrimitives.ReadUInt32LittleEndian(header[Field.DiskSectors..]);
        if (blockSectors is 0 or > MaximumBlockSectors || entries is 0 or > MaximumEntries || sectors == 0 || sectors > (ulong)blockSectors * entries
            || Size + (entries * (long)sizeof(uint)) > file.Length)
        {
            throw ImageFault.Corrupt(
                file, ParallelsDisk.Format, Field.BlockSectors,
                $"a map of {entries} blocks of {blockSectors} sectors does not do for a disk of {sectors} sectors in a file of {file.Length} bytes.");
        }

        return new ParallelsHeader
        {
            DiskSize = (long)sectors * SectorSize,
            BlockSize = blockSectors * (long)SectorSize,
            Entries = (int)entries,
            EntryUnit = isExtended ? blockSectors * (long)SectorSize : SectorSize,
            WasNotClosed = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.InUse..]) == InUse,
        };
    }
}
