using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// What a 32-byte directory entry says of a file, its name apart (specification, "FAT Directory Structure"). The date of the last access and
/// what Windows NT keeps beside stay as they are.
/// </summary>
internal readonly record struct FatDirectoryEntry
{
    public const int Size = 32;

    /// <summary>First byte of an entry that is free, and of one with nothing but free ones behind it.</summary>
    public const byte Deleted = 0xE5;

    public const byte EndOfDirectory = 0;

    public FatAttributes Attributes { get; init; }

    public ushort ModifiedDate { get; init; }

    public ushort ModifiedTime { get; init; }

    public ushort CreatedDate { get; init; }

    public ushort CreatedTime { get; init; }

    public byte CreatedTenths { get; init; }

    public ushort AccessedDate { get; init; }

    /// <summary>0 for an empty file, and for ".." in a directory of the root.</summary>
    public uint FirstCluster { get; init; }

    /// <summary>Bytes; 0 for directories.</summary>
    public uint Length { get; init; }

    public bool IsDirectory => Attributes.HasFlag(FatAttributes.Directory);

    public bool IsLabel => (Attributes & (FatAttributes.VolumeId | FatAttributes.Directory)) == FatAttributes.VolumeId;

    public static FatAttributes AttributesOf(ReadOnlySpan<byte> raw) => (FatAttributes)raw[Offsets.Attributes];

    public static bool IsPartOfLongName(ReadOnlySpan<byte> raw) => (AttributesOf(raw) & FatAttributes.LongNameMask) == FatAttributes.LongName;

    /// <summary>A new file or directory, made now.</summary>
    public static FatDirectoryEntry Create(FatAttributes attributes, DateTimeOffset now)
    {
        var (date, time, tenths) = FatTimestamp.Encode(now);
        return new FatDirectoryEntry
        {
            Attributes = attributes,
            CreatedDate = date,
            CreatedTime = time,
            CreatedTenths = tenths,
            AccessedDate = date,
            ModifiedDate = date,
            ModifiedTime = time,
        };
    }

    public static FatDirectoryEntry Parse(ReadOnlySpan<byte> raw, FatWidth width) => new()
    {
        Attributes = AttributesOf(raw),
        CreatedTenths = raw[Offsets.CreatedTenths],
        CreatedTime = U16(raw, Offsets.CreatedTime),
        CreatedDate = U16(raw, Offsets.CreatedDate),
        AccessedDate = U16(raw, Offsets.AccessedDate),
        ModifiedTime = U16(raw, Offsets.ModifiedTime),
        ModifiedDate = U16(raw, Offsets.ModifiedDate),

        // Before FAT32 the upper half was OS/2's handle of extended attributes.
        FirstCluster = U16(raw, Offsets.FirstClusterLow) | (width == FatWidth.Fat32 ? (uint)U16(raw, Offsets.FirstClusterHigh) << 16 : 0),
        Length = BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Length..]),
    };

    public void WriteTo(Span<byte> raw, FatWidth width)
    {
        raw[Offsets.Attributes] = (byte)Attributes;
        raw[Offsets.CreatedTenths] = CreatedTenths;
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.CreatedTime..], CreatedTime);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.CreatedDate..], CreatedDate);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.AccessedDate..], AccessedDate);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.ModifiedTime..], ModifiedTime);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.ModifiedDate..], ModifiedDate);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.FirstClusterLow..], (ushort)FirstCluster);
        if (width == FatWidth.Fat32)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(raw[Offsets.FirstClusterHigh..], (ushort)(FirstCluster >> 16));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Length..], Length);
    }

    public FatDirectoryEntry Modified(DateTimeOffset moment)
    {
        var (date, time, _) = FatTimestamp.Encode(moment);
        return this with { ModifiedDate = date, ModifiedTime = time };
    }

    private static ushort U16(ReadOnlySpan<byte> raw, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(raw[offset..]);

    private static class Offsets
    {
        // 0 to 10 hold the name, 12 the case of its letters.
        public const int Attributes = 11;
        public const int CreatedTenths = 13;
        public const int CreatedTime = 14;
        public const int CreatedDate = 16;
        public const int AccessedDate = 18;
        public const int FirstClusterHigh = 20;
        public const int ModifiedTime = 22;
        public const int ModifiedDate = 24;
        public const int FirstClusterLow = 26;
        public const int Length = 28;
    }
}
