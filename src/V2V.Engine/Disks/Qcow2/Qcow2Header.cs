using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow2;

internal enum Qcow2Compression
{
    Deflate = 0,
    Zstd = 1,
}

/// <summary>The header of a qcow2 image, version 2 or 3 (QEMU, docs/interop/qcow2, "Header"). All numbers are big-endian.</summary>
internal sealed record Qcow2Header
{
    private const int Version2Size = 72;
    private const int Version3Size = 104;

    // 512 bytes by the specification; 2 MiB is the most that QEMU ever accepted.
    private const int MinimumClusterBits = 9;
    private const int MaximumClusterBits = 21;

    // Extended L2 entries divide a cluster into 32 parts of at least 512 bytes.
    private const int MinimumExtendedClusterBits = 14;

    private const int MaximumBackingNameSize = 1023;

    // QEMU's bound: 4 Mi entries, 32 MiB.
    private const long MaximumL1Entries = 4 << 20;

    private static class Field
    {
        public const int Version = 4;
        public const int BackingNameOffset = 8;
        public const int BackingNameSize = 16;
        public const int ClusterBits = 20;
        public const int Size = 24;
        public const int CryptMethod = 32;
        public const int L1Entries = 36;
        public const int L1Offset = 40;
        public const int Snapshots = 60;
        public const int IncompatibleFeatures = 72;
        public const int HeaderLength = 100;
        public const int CompressionType = 104;
    }

    public static ReadOnlySpan<byte> Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xFB];

    public required uint Version { get; init; }

    public required int ClusterBits { get; init; }

    /// <summary>Size of the virtual disk, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Entries of the active L1 table that the disk's size needs.</summary>
    public required int L1Entries { get; init; }

    public required long L1Offset { get; init; }

    public required uint Snapshots { get; init; }

    public required Qcow2Features Features { get; init; }

    public required Qcow2Compression Compression { get; init; }

    /// <summary>Name of the backing file; null without one.</summary>
    public required string? BackingName { get; init; }

    /// <summary>Format of the backing file as the image states it.</summary>
    public required string? BackingFormat { get; init; }

    /// <summary>Name of the file that holds the data; null when the image itself does.</summary>
    public required string? DataFileName { get; init; }

    public int ClusterSize => 1 << ClusterBits;

    public bool HasExtendedEntries => Features.HasFlag(Qcow2Features.ExtendedL2Entries);

    /// <summary>Entries of an L2 table, which fills one cluster.</summary>
    public int L2Entries => ClusterSize / (HasExtendedEntries ? 16 : 8);

    public static Qcow2Header Read(DiskFile file)
    {
        Span<byte> fields = stackalloc byte[Version3Size + 8];
        fields.Clear();
        int available = (int)Math.Min(fields.Length, file.Length);
        file.Read(0, fields[..available]);
        if (available < Version2Size || !fields.StartsWith(Magic))
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, 0, "it does not begin with a qcow2 header.");
        }

        uint version = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.Version..]);
        if (version is not (2 or 3))
        {
            throw ImageFault.Unsupported(file, Qcow2Disk.Format, $"has version {version}; versions 2 and 3 can be read.", Qcow2Disk.ConvertAdvice);
        }

        uint clusterBits = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.ClusterBits..]);
        if (clusterBits is < MinimumClusterBits or > MaximumClusterBits)
        {
            throw ImageFault.Corrupt(
                file, Qcow2Disk.Format, Field.ClusterBits, $"clusters of 2^{clusterBits} bytes are not possible (2^{MinimumClusterBits} to 2^{MaximumClusterBits} are).");
        }

        uint headerLength = version == 2 ? Version2Size : BinaryPrimitives.ReadUInt32BigEndian(fields[Field.HeaderLength..]);
        if (headerLength < (version == 2 ? Version2Size : Version3Size) || headerLength > 1u << (int)clusterBits || headerLength > file.Length)
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.HeaderLength, $"a header of {headerLength} bytes is not possible.");
        }

        // Fields beyond the header's own length are not there.
        if (headerLength < fields.Length)
        {
            fields[(int)headerLength..].Clear();
        }

        var extensions = Qcow2HeaderExtensions.Read(file, headerLength, 1 << (int)clusterBits);
        ulong features = BinaryPrimitives.ReadUInt64BigEndian(fields[Field.IncompatibleFeatures..]);
        CheckFeatures(file, features, extensions, BinaryPrimitives.ReadUInt32BigEndian(fields[Field.CryptMethod..]), (int)clusterBits);

        byte compression = fields[Field.CompressionType];
        if (((features & (ulong)Qcow2Features.CompressionType) != 0) != (compression != 0))
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.CompressionType, $"its compression type {compression} contradicts its feature bits.");
        }

        if (compression > (byte)Qcow2Compression.Zstd)
        {
            throw ImageFault.Unsupported(file, Qcow2Disk.Format, $"is compressed by the unknown method {compression}.", Qcow2Disk.ConvertAdvice);
        }

        var header = new Qcow2Header
        {
            Version = version,
            ClusterBits = (int)clusterBits,
            Size = BinaryPrimitives.ReadInt64BigEndian(fields[Field.Size..]),
            L1Entries = 0,
            L1Offset = BinaryPrimitives.ReadInt64BigEndian(fields[Field.L1Offset..]),
            Snapshots = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.Snapshots..]),
            Features = (Qcow2Features)features,
            Compression = (Qcow2Compression)compression,
            BackingName = ReadBackingName(file, fields, 1 << (int)clusterBits),
            BackingFormat = extensions.BackingFormat,
            DataFileName = ((Qcow2Features)features).HasFlag(Qcow2Features.ExternalDataFile) ? extensions.DataFileName : null,
        };
        return header with { L1Entries = CheckL1(file, header, BinaryPrimitives.ReadUInt32BigEndian(fields[Field.L1Entries..])) };
    }

    private static void CheckFeatures(DiskFile file, ulong features, Qcow2HeaderExtensions extensions, uint cryptMethod, int clusterBits)
    {
        if (cryptMethod != 0)
        {
            string method = cryptMethod switch { 1 => "AES", 2 => "LUKS", _ => $"method {cryptMethod}" };
            throw ImageFault.Unsupported(file, Qcow2Disk.Format, $"is encrypted ({method}).", "Decrypt it first with 'qemu-img convert' and its secret.");
        }

        var flags = (Qcow2Features)features;
        if (flags.HasFlag(Qcow2Features.Corrupt))
        {
            throw new DiskImageException(V2VError.DiskImageCorrupt, $"The qcow2 image '{file.Path}' is marked as corrupt.")
            {
                Path = file.Path,
                Format = Qcow2Disk.Format,
                Offset = Field.IncompatibleFeatures,
                Advice = "Repair it with 'qemu-img check -r all', or restore it from a backup.",
            };
        }

        if (flags.HasFlag(Qcow2Features.ExternalDataFile) && string.IsNullOrEmpty(extensions.DataFileName))
        {
            throw ImageFault.Unsupported(
                file, Qcow2Disk.Format, "keeps its data in an external file and does not say in which.", "Write its name into the image with 'qemu-img amend -o data_file=NAME'.");
        }

        if (flags.HasFlag(Qcow2Features.ExtendedL2Entries) && clusterBits < MinimumExtendedClusterBits)
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.ClusterBits, "its clusters are too small for extended L2 entries.");
        }

        ulong unknown = features & ~(ulong)Qcow2Features.Understood;
        if (unknown != 0)
        {
            IEnumerable<string> names = Enumerable.Range(0, 64).Where(bit => (unknown & (1UL << bit)) != 0).Select(extensions.FeatureName);
            throw ImageFault.Unsupported(
                file, Qcow2Disk.Format, $"uses features that are not known: {string.Join(", ", names)}.", Qcow2Disk.ConvertAdvice);
        }
    }

    private static string? ReadBackingName(DiskFile file, ReadOnlySpan<byte> fields, int clusterSize)
    {
        ulong offset = BinaryPrimitives.ReadUInt64BigEndian(fields[Field.BackingNameOffset..]);
        if (offset == 0)
        {
            return null;
        }

        uint size = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.BackingNameSize..]);
        if (size is 0 or > MaximumBackingNameSize || offset > (ulong)clusterSize - size || offset > (ulong)Math.Max(0, file.Length - size))
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.BackingNameOffset, $"a backing file name of {size} bytes at {offset} is not possible.");
        }

        Span<byte> name = stackalloc byte[MaximumBackingNameSize];
        file.Read((long)offset, name[..(int)size]);
        return Encoding.UTF8.GetString(name[..(int)size]);
    }

    private static int CheckL1(DiskFile file, Qcow2Header header, uint entries)
    {
        long coverage = (long)header.ClusterSize * header.L2Entries;
        if (header.Size < 0 || (header.Size > 0 && (header.Size - 1) / coverage >= MaximumL1Entries))
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.Size, $"a disk of {(ulong)header.Size} bytes is not possible with its clusters.");
        }

        long needed = header.Size == 0 ? 0 : ((header.Size - 1) / coverage) + 1;
        if (entries < needed)
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.L1Entries, $"its L1 table has {entries} entries; {needed} are needed.");
        }

        if (header.L1Offset < 0 || header.L1Offset % header.ClusterSize != 0 || header.L1Offset > file.Length - (needed * sizeof(ulong)))
        {
            throw ImageFault.Corrupt(file, Qcow2Disk.Format, Field.L1Offset, $"its L1 table cannot lie at byte {(ulong)header.L1Offset}.");
        }

        return (int)needed;
    }
}
