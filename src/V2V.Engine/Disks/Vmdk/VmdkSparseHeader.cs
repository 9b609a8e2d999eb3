using System.Buffers.Binary;
using System.Numerics;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>Header of a hosted sparse extent (SparseExtentHeader, Virtual Disk Format 5.0, "Hosted Sparse Extents"). Sizes are in sectors of 512 bytes.</summary>
internal sealed record VmdkSparseHeader
{
    public const int Size = 512;
    public const int SectorSize = 512;

    /// <summary>A grain directory offset that sends the reader to the copy of the header at the end (GD_AT_END).</summary>
    private const ulong GrainDirectoryAtEnd = ulong.MaxValue;

    private const int MaximumVersion = 3;

    // VMware writes 128 sectors. Grains are buffered whole, and QEMU sets the same bound of 2 MiB.
    private const ulong MaximumGrainSize = 4096;

    // The specification fixes 512; it is the most that QEMU accepts, too.
    private const uint MaximumTableEntries = 512;

    // 8 Mi tables of 512 grains of 64 KiB make 256 TiB, four times the largest disk that VMware knows. Bounds the directory to 32 MiB.
    private const long MaximumDirectoryEntries = 8 << 20;

    private const ushort Deflate = 1;

    private static class Field
    {
        public const int Magic = 0;
        public const int Version = 4;
        public const int Flags = 8;
        public const int Capacity = 12;
        public const int GrainSize = 20;
        public const int DescriptorOffset = 28;
        public const int DescriptorSize = 36;
        public const int TableEntries = 44;
        public const int RedundantDirectory = 48;
        public const int Directory = 56;
        public const int UncleanShutdown = 72;
        public const int LineEndTest = 73;
        public const int CompressAlgorithm = 77;
    }

    [Flags]
    private enum Flag : uint
    {
        LineEndTest = 1 << 0,
        RedundantTables = 1 << 1,
        ZeroedGrains = 1 << 2,
        CompressedGrains = 1 << 16,
        Markers = 1 << 17,
    }

    /// <summary>Size of the extent, in bytes.</summary>
    public required long Capacity { get; init; }

    /// <summary>Bytes of a grain, a power of two.</summary>
    public required int GrainSize { get; init; }

    /// <summary>Where the embedded descriptor starts, in bytes; 0 without one.</summary>
    public required long DescriptorOffset { get; init; }

    /// <summary>Size of the embedded descriptor, in bytes; 0 without one.</summary>
    public required long DescriptorSize { get; init; }

    /// <summary>Entries of a grain table.</summary>
    public required int TableEntries { get; init; }

    /// <summary>Where the grain directory starts, in bytes.</summary>
    public required long Directory { get; init; }

    /// <summary>Where the redundant grain directory starts, in bytes; 0 without one.</summary>
    public required long RedundantDirectory { get; init; }

    public required bool IsCompressed { get; init; }

    /// <summary>A grain table entry of 1 stands for a grain of zeros.</summary>
    public required bool HasZeroedGrains { get; init; }

    public required bool WasNotClosed { get; init; }

    /// <summary>Bytes of the disk that one grain table covers.</summary>
    public long TableCoverage => (long)GrainSize * TableEntries;

    /// <summary>Bytes of the directory, of which there may be two.</summary>
    public long DirectorySize => DirectoryEntries * (long)sizeof(uint) * (RedundantDirectory == 0 ? 1 : 2);

    public int DirectoryEntries => (int)((Capacity + TableCoverage - 1) / TableCoverage);

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith("KDMV"u8);

    /// <summary>Reads the header, from the footer if the header at the start says so.</summary>
    public static VmdkSparseHeader Read(DiskFile file)
    {
        Span<byte> sector = stackalloc byte[Size];
        if (file.Length < Size)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, 0, "it is shorter than a header.");
        }

        long position = 0;
        file.Read(position, sector);
        if (HasMagic(sector) && BinaryPrimitives.ReadUInt64LittleEndian(sector[Field.Directory..]) == GrainDirectoryAtEnd)
        {
            position = VmdkFooter.Find(file);
            file.Read(position, sector);
        }

        return Parse(file, position, sector);
    }

    private static VmdkSparseHeader Parse(DiskFile file, long position, ReadOnlySpan<byte> sector)
    {
        if (!HasMagic(sector))
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, position, "there is no sparse extent header.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.Version..]);
        if (version is 0 or > MaximumVersion)
        {
            throw ImageFault.Unsupported(
                file, VmdkDisk.Format, $"has version {version}; versions 1 to {MaximumVersion} can be read.", VmdkDisk.CloneAdvice);
        }

        var flags = (Flag)BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.Flags..]);
        if (flags.HasFlag(Flag.LineEndTest) && !sector.Slice(Field.LineEndTest, 4).SequenceEqual("\n \r\n"u8))
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, position + Field.LineEndTest, "its line end test fails: it was transferred as text and not as binary data.");
        }

        ushort algorithm = BinaryPrimitives.ReadUInt16LittleEndian(sector[Field.CompressAlgorithm..]);
        bool compressed = flags.HasFlag(Flag.CompressedGrains) || algorithm != 0;
        if (compressed && (algorithm != Deflate || !flags.HasFlag(Flag.Markers)))
        {
            throw ImageFault.Unsupported(
                file, VmdkDisk.Format, $"is compressed by an unknown method (algorithm {algorithm}, flags 0x{(uint)flags:x}).", VmdkDisk.CloneAdvice);
        }

        ulong grainSize = BinaryPrimitives.ReadUInt64LittleEndian(sector[Field.GrainSize..]);
        if (grainSize > MaximumGrainSize || !BitOperations.IsPow2(grainSize))
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, position + Field.GrainSize,
                $"its grains have {grainSize} sectors; a power of two up to {MaximumGrainSize} is needed.");
        }

        uint entries = BinaryPrimitives.ReadUInt32LittleEndian(sector[Field.TableEntries..]);
        if (entries is 0 or > MaximumTableEntries)
        {
            throw ImageFault.Corrupt(
                file, VmdkDisk.Format, position + Field.TableEntries, $"its grain tables have {entries} entries; 1 to {MaximumTableEntries} are possible.");
        }

        long Bytes(ReadOnlySpan<byte> sector, int field)
        {
            ulong sectors = BinaryPrimitives.ReadUInt64LittleEndian(sector[field..]);
            return sectors <= long.MaxValue / SectorSize
                ? (long)sectors * SectorSize
                : throw ImageFault.Corrupt(file, VmdkDisk.Format, position + field, $"{sectors} sectors are more than any disk has.");
        }

        long capacity = Bytes(sector, Field.Capacity);
        long coverage = (long)grainSize * SectorSize * entries;
        if (capacity == 0 || (capacity - 1) / coverage >= MaximumDirectoryEntries)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, position + Field.Capacity, $"a capacity of {capacity} bytes is not possible.");
        }

        return new VmdkSparseHeader
        {
            Capacity = capacity,
            GrainSize = (int)grainSize * SectorSize,
            DescriptorOffset = Bytes(sector, Field.DescriptorOffset),
            DescriptorSize = Bytes(sector, Field.DescriptorSize),
            TableEntries = (int)entries,
            Directory = Bytes(sector, Field.Directory),
            // Stream-optimized extents have none, whatever stands there.
            RedundantDirectory = flags.HasFlag(Flag.RedundantTables)
                && BinaryPrimitives.ReadUInt64LittleEndian(sector[Field.RedundantDirectory..]) != GrainDirectoryAtEnd
                ? Bytes(sector, Field.RedundantDirectory) : 0,
            IsCompressed = compressed,
            HasZeroedGrains = version > 1 || flags.HasFlag(Flag.ZeroedGrains),
            WasNotClosed = sector[Field.UncleanShutdown] != 0,
        };
    }
}
