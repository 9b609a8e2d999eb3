using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qed;

/// <summary>Incompatible features: a reader that does not know one of them must not open the image.</summary>
[Flags]
internal enum QedFeatures : ulong
{
    BackingFile = 1 << 0,

    /// <summary>It was not closed; writers have to check its tables first.</summary>
    NeedsCheck = 1 << 1,

    /// <summary>The backing file is raw, whatever it looks like.</summary>
    BackingFileIsRaw = 1 << 2,

    Understood = BackingFile | NeedsCheck | BackingFileIsRaw,
}

/// <summary>The header of a QED image (QEMU, docs/interop/qed_spec, "Header"). All numbers are little-endian.</summary>
internal sealed record QedHeader
{
    public const int Size = 64;

    private const int SectorSize = 512;

    // The specification's own bounds.
    private const uint MinimumClusterSize = 4 << 10;
    private const uint MaximumClusterSize = 64 << 20;
    private const uint MaximumTableClusters = 16;

    // A table is held as a whole. QEMU makes tables of 256 KiB; 64 MiB bounds what a header can demand.
    private const long MaximumTableSize = 64 << 20;

    private const uint MaximumBackingNameSize = 1023;

    private static class Field
    {
        public const int ClusterSize = 4;
        public const int TableClusters = 8;
        public const int Features = 16;
        public const int L1Offset = 40;
        public const int DiskSize = 48;
        public const int BackingNameOffset = 56;
        public const int BackingNameSize = 60;
    }

    public required int ClusterSize { get; init; }

    /// <summary>Entries of the L1 table and of each L2 table alike.</summary>
    public required int TableEntries { get; init; }

    public required QedFeatures Features { get; init; }

    public required long L1Offset { get; init; }

    /// <summary>Size of the virtual disk, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Name of the backing file; null without one.</summary>
    public required string? BackingName { get; init; }

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith("QED\0"u8);

    public static QedHeader Read(DiskFile file)
    {
        ReadOnlySpan<byte> fields = file.ReadStart(Size);
        if (!HasMagic(fields) || fields.Length < Size)
        {
            throw ImageFault.Corrupt(file, QedDisk.Format, 0, "it does not begin with a QED header.");
        }

        ulong features = BinaryPrimitives.ReadUInt64LittleEndian(fields[Field.Features..]);
        ulong unknown = features & ~(ulong)QedFeatures.Understood;
        if (unknown != 0)
        {
            throw ImageFault.Unsupported(
                file, QedDisk.Format, $"uses features that are not known (0x{unknown.ToString("x", CultureInfo.InvariantCulture)}).",
                "Convert it with a current 'qemu-img convert -O qcow2' first.");
        }

        uint clusterSize = BinaryPrimitives.ReadUInt32LittleEndian(fields[Field.ClusterSize..]);
        uint tableClusters = BinaryPrimitives.ReadUInt32LittleEndian(fields[Field.TableClusters..]);
        long tableSize = (long)clusterSize * tableClusters;
        if (!BitOperations.IsPow2(clusterSize) || clusterSize is < MinimumClusterSize or > MaximumClusterSize
            || !BitOperations.IsPow2(tableClusters) || tableClusters > MaximumTableClusters || tableSize > MaximumTableSize)
        {
            throw ImageFault.Corrupt(
                file, QedDisk.Format, Field.ClusterSize,
                $"clusters of {clusterSize} bytes with tables of {tableClusters} clusters are not possible (powers of two from {MinimumClusterSize} to {MaximumClusterSize}, tables up to {MaximumTableSize} bytes).");
        }

        int entries = (int)(tableSize / sizeof(ulong));
        long size = BinaryPrimitives.ReadInt64LittleEndian(fields[Field.DiskSize..]);
        if (size < 0 || size % SectorSize != 0 || (size > 0 && (size - 1) / tableSize * sizeof(ulong) / clusterSize >= entries))
        {
            throw ImageFault.Corrupt(file, QedDisk.Format, Field.DiskSize, $"a disk of {(ulong)size} bytes is not possible with its clusters.");
        }

        long table = BinaryPrimitives.ReadInt64LittleEndian(fields[Field.L1Offset..]);
        if (table < clusterSize || table % clusterSize != 0 || table > file.Length - tableSize)
        {
            throw ImageFault.Corrupt(file, QedDisk.Format, Field.L1Offset, $"its L1 table of {tableSize} bytes cannot lie at byte {(ulong)table}.");
        }

        return new QedHeader
        {
            ClusterSize = (int)clusterSize,
            TableEntries = entries,
            Features = (QedFeatures)features,
            L1Offset = table,
            DiskSize = size,
            BackingName = ((QedFeatures)features).HasFlag(QedFeatures.BackingFile) ? ReadBackingName(file, fields) : null,
        };
    }

    private static string ReadBackingName(DiskFile file, ReadOnlySpan<byte> fields)
    {
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(fields[Field.BackingNameOffset..]);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(fields[Field.BackingNameSize..]);
        if (size is 0 or > MaximumBackingNameSize || offset < Size || offset > file.Length - size)
        {
            throw ImageFault.Corrupt(file, QedDisk.Format, Field.BackingNameOffset, $"a backing file name of {size} bytes at {offset} is not possible.");
        }

        byte[] name = new byte[size];
        file.Read(offset, name);
        return Encoding.UTF8.GetString(name);
    }
}
