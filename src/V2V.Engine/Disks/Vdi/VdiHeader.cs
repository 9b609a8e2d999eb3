using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vdi;

internal enum VdiType : uint
{
    Dynamic = 1,
    Fixed = 2,
    Undo = 3,
    Differencing = 4,
}

/// <summary>
/// The header of a VirtualBox disk image, version 1.1 (VirtualBox' VDICore.h; QEMU's block/vdi.c describes the same). Numbers are little-endian.
/// </summary>
internal sealed record VdiHeader
{
    public const int Size = 512;

    private const uint KnownMajorVersion = 1;
    private const uint MaximumBlockSize = 256 << 20;

    // 16 Mi blocks of 1 MiB make 16 TiB; bounds the map to 64 MiB.
    private const uint MaximumBlocks = 16 << 20;

    private static class Field
    {
        public const int Signature = 64;
        public const int Version = 68;
        public const int Type = 76;
        public const int MapOffset = 340;
        public const int DataOffset = 344;
        public const int SectorSize = 360;
        public const int DiskSize = 368;
        public const int BlockSize = 376;
        public const int BlockExtra = 380;
        public const int Blocks = 384;
        public const int ImageId = 392;
        public const int ModificationId = 408;
        public const int ParentId = 424;
        public const int ParentModificationId = 440;
    }

    public required VdiType Type { get; init; }

    /// <summary>Size of the disk, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Bytes of the disk that one block holds.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Bytes that stand before the data of each block.</summary>
    public required int BlockExtra { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Where the block map starts, in bytes.</summary>
    public required long MapOffset { get; init; }

    /// <summary>Where the blocks start, in bytes.</summary>
    public required long DataOffset { get; init; }

    public required Guid ImageId { get; init; }

    /// <summary>Changes with each change of the contents; a differencing image remembers it of its parent.</summary>
    public required Guid ModificationId { get; init; }

    /// <summary>The image that this one builds upon; empty for one that stands alone.</summary>
    public required Guid ParentId { get; init; }

    public required Guid ParentModificationId { get; init; }

    public static bool HasSignature(ReadOnlySpan<byte> start) =>
        start.Length >= Field.Signature + 4 && start[Field.Signature..].StartsWith<byte>([0x7F, 0x10, 0xDA, 0xBE]);

    public static VdiHeader Read(DiskFile file)
    {
        if (file.Length < Size)
        {
            throw ImageFault.Corrupt(file, VdiDisk.Format, 0, "it is shorter than a header.");
        }

        Span<byte> header = stackalloc byte[Size];
        file.Read(0, header);
        if (!HasSignature(header))
        {
            throw ImageFault.Corrupt(file, VdiDisk.Format, Field.Signature, "there is no VDI signature.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Version..]);
        if (version >> 16 != KnownMajorVersion)
        {
            throw ImageFault.Unsupported(
                file, VdiDisk.Format, $"has version {version >> 16}.{version & 0xFFFF}; version {KnownMajorVersion}.x can be read.", VdiDisk.CloneAdvice);
        }

        var type = (VdiType)BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Type..]);
        if (type is not (VdiType.Dynamic or VdiType.Fixed or VdiType.Differencing))
        {
            throw ImageFault.Unsupported(
                file, VdiDisk.Format, $"is of the type {(uint)type}; dynamic (1), fixed (2) and differencing (4) images can be read.", VdiDisk.CloneAdvice);
        }

        uint sectorSize = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.SectorSize..]);
        uint blockSize = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.BlockSize..]);
        uint extra = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.BlockExtra..]);
        if (!BitOperations.IsPow2(blockSize) || blockSize is < 512 or > MaximumBlockSize || extra > blockSize || sectorSize is not (0 or 512))
        {
            throw ImageFault.Corrupt(
                file, VdiDisk.Format, Field.BlockSize, $"blocks of {blockSize} bytes with {extra} before them, in sectors of {sectorSize}, are not possible.");
        }

        uint blocks = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Blocks..]);
        long diskSize = BinaryPrimitives.ReadInt64LittleEndian(header[Field.DiskSize..]);
        if (blocks > MaximumBlocks || diskSize <= 0 || diskSize > (long)blocks * blockSize)
        {
            throw ImageFault.Corrupt(file, VdiDisk.Format, Field.DiskSize, $"{blocks} blocks of {blockSize} bytes cannot make a disk of {diskSize}.");
        }

        long map = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.MapOffset..]);
        if (map > file.Length - (blocks * (long)sizeof(uint)))
        {
            throw ImageFault.Corrupt(file, VdiDisk.Format, Field.MapOffset, $"its map of {blocks} blocks at byte {map} lies beyond the file's end at {file.Length}.");
        }

        return new VdiHeader
        {
            Type = type,
            DiskSize = diskSize,
            BlockSize = (int)blockSize,
            BlockExtra = (int)extra,
            Blocks = (int)blocks,
            MapOffset = map,
            DataOffset = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.DataOffset..]),
            ImageId = new Guid(header.Slice(Field.ImageId, 16)),
            ModificationId = new Guid(header.Slice(Field.ModificationId, 16)),
            ParentId = new Guid(header.Slice(Field.ParentId, 16)),
            ParentModificationId = new Guid(header.Slice(Field.ParentModificationId, 16)),
        };
    }
}
