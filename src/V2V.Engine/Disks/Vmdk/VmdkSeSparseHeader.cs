using System.Buffers.Binary;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Vmdk;

/// <summary>
/// Header of a space-efficient sparse extent, in which ESXi 6.5 and later keep snapshots. VMware does not publish the format; QEMU's
/// block/vmdk.c tells what is known of it. All fields have 64 bits, offsets and sizes are in sectors.
/// </summary>
internal sealed record VmdkSeSparseHeader
{
    private const int Size = 512;
    private const int SectorSize = VmdkSparseHeader.SectorSize;
    private const ulong Magic = 0xCAFEBABE;
    private const ulong VolatileMagic = 0xCAFECAFE;

    // Version 2.1, grains of 4 KiB and tables of 32 KiB are all that ESXi writes.
    private const ulong KnownVersion = 0x0000000200000001;
    private const ulong KnownGrainSize = 8;
    private const ulong KnownTableSize = 64;

    // The largest disk of VMware, 62 TiB, and a little: bounds the directory to 32 MiB.
    private const ulong MaximumSectors = 64UL << 31;

    private static class Field
    {
        public const int Version = 8;
        public const int Capacity = 16;
        public const int GrainSize = 24;
        public const int TableSize = 32;
        public const int VolatileHeader = 80;
        public const int Directory = 128;
        public const int DirectorySize = 136;
        public const int Tables = 144;
        public const int Grains = 192;
        public const int ReplayJournal = 24;
    }

    public const int GrainSize = (int)KnownGrainSize * SectorSize;
    public const int TableEntries = (int)KnownTableSize * SectorSize / sizeof(ulong);

    /// <summary>Size of the extent, in bytes.</summary>
    public required long Capacity { get; init; }

    /// <summary>Entries of the grain directory that the capacity needs.</summary>
    public int DirectoryEntries => (int)(((Capacity - 1) / (GrainSize * (long)TableEntries)) + 1);

    /// <summary>Where the grain directory, the grain tables and the grains start, in bytes.</summary>
    public required long Directory { get; init; }

    public required long Tables { get; init; }

    public required long Grains { get; init; }

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.Length >= 8 && BinaryPrimitives.ReadUInt64LittleEndian(start) == Magic;

    public static VmdkSeSparseHeader Read(DiskFile file)
    {
        Span<byte> header = stackalloc byte[Size];
        if (file.Length >= Size)
        {
            file.Read(0, header);
        }

        if (!HasMagic(header))
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, 0, "there is no header of a space-efficient sparse extent (SEsparse).");
        }

        ulong version = Value(header, Field.Version);
        ulong grain = Value(header, Field.GrainSize);
        ulong table = Value(header, Field.TableSize);
        if (version != KnownVersion || grain != KnownGrainSize || table != KnownTableSize)
        {
            throw ImageFault.Unsupported(
                file, VmdkDisk.Format,
                $"has SEsparse version {version >> 32}.{version & 0xFFFFFFFF} with grains of {grain} and tables of {table} sectors; "
                + $"2.1 with {KnownGrainSize} and {KnownTableSize} can be read.",
                VmdkDisk.CloneAdvice);
        }

        ulong capacity = Value(header, Field.Capacity);
        const ulong coverage = KnownGrainSize * TableEntries;
        if (capacity is 0 or > MaximumSectors || Value(header, Field.DirectorySize) * SectorSize / sizeof(ulong) < ((capacity - 1) / coverage) + 1)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, Field.Capacity, $"a capacity of {capacity} sectors is not possible with its grain directory.");
        }

        CheckJournal(file, Offset(file, header, Field.VolatileHeader));
        return new VmdkSeSparseHeader
        {
            Capacity = (long)capacity * SectorSize,
            Directory = Offset(file, header, Field.Directory),
            Tables = Offset(file, header, Field.Tables),
            Grains = Offset(file, header, Field.Grains),
        };
    }

    /// <summary>Nobody but VMware knows how to replay the journal.</summary>
    private static void CheckJournal(DiskFile file, long position)
    {
        Span<byte> header = stackalloc byte[Size];
        file.Read(position, header);
        if (Value(header, 0) != VolatileMagic)
        {
            throw ImageFault.Corrupt(file, VmdkDisk.Format, position, "there is no volatile header of an SEsparse extent.");
        }

        if (Value(header, Field.ReplayJournal) != 0)
        {
            throw ImageFault.Unsupported(
                file, VmdkDisk.Format, "was not closed properly, and its journal (SEsparse) cannot be replayed.",
                "Start the guest in VMware once and shut it down, or consolidate its snapshots.");
        }
    }

    private static long Offset(DiskFile file, ReadOnlySpan<byte> header, int field)
    {
        ulong sectors = Value(header, field);
        return sectors > 0 && sectors <= ((ulong)file.Length - Size) / SectorSize
            ? (long)sectors * SectorSize
            : throw ImageFault.Corrupt(file, VmdkDisk.Format, field, $"sector {sectors} is not within the file of {file.Length} bytes.");
    }

    private static ulong Value(ReadOnlySpan<byte> header, int field) => BinaryPrimitives.ReadUInt64LittleEndian(header[field..]);
}
