using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>
/// Header of an ESX server sparse extent, in which snapshots on VMFS are kept (COWDisk_Header, Virtual Disk Format 5.0, "ESX Server Sparse
/// Extents"). Its tables are those of hosted sparse extents, once and of another size.
/// </summary>
internal static class VmdkCowHeader
{
    private const int Size = 2048;
    private const int SectorSize = VmdkSparseHeader.SectorSize;
    private const int TableEntries = 4096;
    private const uint KnownVersion = 1;
    private const uint MaximumGrainSize = 4096;

    private static class Field
    {
        public const int Version = 4;
        public const int Sectors = 12;
        public const int GrainSize = 16;
        public const int Directory = 20;
        public const int UncleanShutdown = 1660;
    }

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith("COWD"u8);

    public static VmdkSparseHeader Read(DiskFile file)
    {
        byte[] header = new byte[Size];
        if (file.Length >= Size)
        {
            file.Read(0, header);
        }

        if (!HasMagic(header))
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, 0, "there is no header of an ESX server sparse extent (COWD).");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.Version));
        uint sectors = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.Sectors));
        uint grainSize = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.GrainSize));
        if (version != KnownVersion)
        {
            throw ImageFault.Unsupported(file, VmdkDisk.Format, $"has version {version}; version {KnownVersion} of ESX server sparse extents can be read.", VmdkDisk.CloneAdvice);
        }

        if (sectors == 0 || grainSize > MaximumGrainSize || !BitOperations.IsPow2(grainSize))
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, Field.Sectors, $"{sectors} sectors in grains of {grainSize} are not possible.");
        }

        return new VmdkSparseHeader
        {
            Capacity = sectors * (long)SectorSize,
            GrainSize = (int)grainSize * SectorSize,
            DescriptorOffset = 0,
            DescriptorSize = 0,
            TableEntries = TableEntries,
            Directory = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.Directory)) * (long)SectorSize,
            RedundantDirectory = 0,
            IsCompressed = false,
            HasZeroedGrains = false,
            WasNotClosed = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(Field.UncleanShutdown)) != 0,
        };
    }
}
