using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>A block group descriptor (Documentation/filesystems/ext4/group_descr.rst), of 32 bytes or, with the 64bit feature, more.</summary>
internal record struct ExtGroupDescriptor
{
    public const int Size32 = 32;

    public const int Size64 = 64;

    private static class Offsets
    {
        public const int BlockBitmapLow = 0x00;
        public const int InodeBitmapLow = 0x04;
        public const int InodeTableLow = 0x08;
        public const int FreeBlocksLow = 0x0C;
        public const int FreeInodesLow = 0x0E;
        public const int UsedDirectoriesLow = 0x10;
        public const int Flags = 0x12;
        public const int BlockBitmapChecksumLow = 0x18;
        public const int InodeBitmapChecksumLow = 0x1A;
        public const int UnusedInodesLow = 0x1C;
        public const int Checksum = 0x1E;
        public const int BlockBitmapHigh = 0x20;
        public const int InodeBitmapHigh = 0x24;
        public const int InodeTableHigh = 0x28;
        public const int FreeBlocksHigh = 0x2C;
        public const int FreeInodesHigh = 0x2E;
        public const int UsedDirectoriesHigh = 0x30;
        public const int UnusedInodesHigh = 0x32;
        public const int BlockBitmapChecksumHigh = 0x38;
        public const int InodeBitmapChecksumHigh = 0x3A;
    }

    public long BlockBitmap { get; private set; }

    public long InodeBitmap { get; private set; }

    public long InodeTable { get; private set; }

    public uint FreeBlocks { get; set; }

    public uint FreeInodes { get; set; }

    public uint UsedDirectories { get; set; }

    public ExtGroupFlags Flags { get; set; }

    /// <summary>Inodes at the end of the group that were never used (bg_itable_unused).</summary>
    public uint UnusedInodes { get; set; }

    public uint BlockBitmapChecksum { get; set; }

    public uint InodeBitmapChecksum { get; set; }

    public static ExtGroupDescriptor Parse(ReadOnlySpan<byte> raw)
    {
        var wide = raw.Length >= Size64;
        return new ExtGroupDescriptor
        {
            BlockBitmap = Wide32(raw, wide, Offsets.BlockBitmapLow, Offsets.BlockBitmapHigh),
            InodeBitmap = Wide32(raw, wide, Offsets.InodeBitmapLow, Offsets.InodeBitmapHigh),
            InodeTable = Wide32(raw, wide, Offsets.InodeTableLow, Offsets.InodeTableHigh),
            FreeBlocks = Wide16(raw, wide, Offsets.FreeBlocksLow, Offsets.FreeBlocksHigh),
            FreeInodes = Wide16(raw, wide, Offsets.FreeInodesLow, Offsets.FreeInodesHigh),
            UsedDirectories = Wide16(raw, wide, Offsets.UsedDirectoriesLow, Offsets.UsedDirectoriesHigh),
            Flags = (ExtGroupFlags)BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Flags..]),
            UnusedInodes = Wide16(raw, wide, Offsets.UnusedInodesLow, Offsets.UnusedInodesHigh),
            BlockBitmapChecksum = Wide16(raw, wide, Offsets.BlockBitmapChecksumLow, Offsets.BlockBitmapChecksumHigh),
            InodeBitmapChecksum = Wide16(raw, wide, Offsets.InodeBitmapChecksumLow, Offsets.InodeBitmapChecksumHigh),
        };
    }

    /// <summary>Writes the fields that can change over the raw descriptor and leaves the others as they stand.</summary>
    public readonly void WriteTo(Span<byte> raw)
    {
        var wide = raw.Length >= Size64;
        Put16(raw, wide, Offsets.FreeBlocksLow, Offsets.FreeBlocksHigh, FreeBlocks);
        Put16(raw, wide, Offsets.FreeInodesLow, Offsets.FreeInodesHigh, FreeInodes);
        Put16(raw, wide, Offsets.UsedDirectoriesLow, Offsets.UsedDirectoriesHigh, UsedDirectories);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Flags..], (ushort)Flags);
        Put16(raw, wide, Offsets.UnusedInodesLow, Offsets.UnusedInodesHigh, UnusedInodes);
        Put16(raw, wide, Offsets.BlockBitmapChecksumLow, Offsets.BlockBitmapChecksumHigh, BlockBitmapChecksum);
        Put16(raw, wide, Offsets.InodeBitmapChecksumLow, Offsets.InodeBitmapChecksumHigh, InodeBitmapChecksum);
    }

    public static ushort StoredChecksum(ReadOnlySpan<byte> raw) => BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.Checksum..]);

    public static void StoreChecksum(Span<byte> raw, ushort checksum) => BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.Checksum..], checksum);

    /// <summary>The low half of a CRC-32C with metadata_csum (the field itself counted as zero), else a CRC-16 that skips the field.</summary>
    public static ushort ComputeChecksum(ReadOnlySpan<byte> raw, ExtSuperblock superblock, uint group)
    {
        if (superblock.HasMetadataChecksums)
        {
            var crc = Crc32C.Append(superblock.ChecksumSeed, group);
            crc = Crc32C.Append(crc, raw[..Offsets.Checksum]);
            crc = Crc32C.Append(crc, [0, 0]);
            return (ushort)Crc32C.Append(crc, raw[(Offsets.Checksum + sizeof(ushort))..]);
        }

        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(number, group);
        var crc16 = Crc16.Append(ushort.MaxValue, superblock.UuidBytes);
        crc16 = Crc16.Append(crc16, number);
        crc16 = Crc16.Append(crc16, raw[..Offsets.Checksum]);
        return Crc16.Append(crc16, raw[(Offsets.Checksum + sizeof(ushort))..]);
    }

    private static long Wide32(ReadOnlySpan<byte> raw, bool wide, int low, int high) =>
        (long)(BinaryPrimitives.ReadUInt32LittleEndian(raw[low..])
            | (wide ? (ulong)BinaryPrimitives.ReadUInt32LittleEndian(raw[high..]) << 32 : 0));

    private static uint Wide16(ReadOnlySpan<byte> raw, bool wide, int low, int high) =>
        BinaryPrimitives.ReadUInt16LittleEndian(raw[low..]) | (wide ? (uint)BinaryPrimitives.ReadUInt16LittleEndian(raw[high..]) << 16 : 0);

    private static void Put16(Span<byte> raw, bool wide, int low, int high, uint value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(raw[low..], (ushort)value);
        if (wide)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw[high..], (ushort)(value >> 16));
        }
    }
}
