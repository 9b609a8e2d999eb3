using System.Buffers.Binary;
using System.Text;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks.Qcow1;

/// <summary>
/// The header of a qcow image, version 1, which QEMU and Xen wrote before qcow2 ("The QCOW Image Format", M. McLoughlin; QEMU's block/qcow.c).
/// All numbers are big-endian.
/// </summary>
internal sealed record Qcow1Header
{
    public const int Size = 48;

    // QEMU's bounds: 512 bytes to 64 KiB, for clusters and for L2 tables.
    private const int MinimumClusterBits = 9;
    private const int MaximumClusterBits = 16;
    private const int EntryBits = 3;

    private const int MaximumBackingNameSize = 1023;

    // 4 Mi entries, 32 MiB: 1 PiB in clusters of 4 KiB with the tables that QEMU makes.
    private const long MaximumL1Entries = 4 << 20;

    private static class Field
    {
        public const int BackingNameOffset = 8;
        public const int BackingNameSize = 16;
        public const int DiskSize = 24;
        public const int ClusterBits = 32;
        public const int L2Bits = 33;
        public const int CryptMethod = 36;
        public const int L1Offset = 40;
    }

    private static ReadOnlySpan<byte> Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xFB, 0, 0, 0, 1];

    public required int ClusterBits { get; init; }

    /// <summary>Entries of an L2 table.</summary>
    public required int L2Entries { get; init; }

    /// <summary>Size of the virtual disk, in bytes.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Entries of the L1 table: as many as the disk's size needs.</summary>
    public required int L1Entries { get; init; }

    public required long L1Offset { get; init; }

    /// <summary>Name of the backing file, whose format is never told; null without one.</summary>
    public required string? BackingName { get; init; }

    public int ClusterSize => 1 << ClusterBits;

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    public static Qcow1Header Read(DiskFile file)
    {
        ReadOnlySpan<byte> fields = file.ReadStart(Size);
        if (!HasMagic(fields) || fields.Length < Size)
        {
            throw ImageFault.Corrupt(file, Qcow1Disk.Format, 0, "it does not begin with a header of qcow, version 1.");
        }

        uint cryptMethod = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.CryptMethod..]);
        if (cryptMethod != 0)
        {
            throw ImageFault.Unsupported(
                file, Qcow1Disk.Format, $"is encrypted ({(cryptMethod == 1 ? "AES" : $"method {cryptMethod}")}).",
                "Decrypt it first with 'qemu-img convert' and its secret.");
        }

        int clusterBits = fields[Field.ClusterBits];
        int tableBits = fields[Field.L2Bits] + EntryBits;
        if (clusterBits is < MinimumClusterBits or > MaximumClusterBits || tableBits is < MinimumClusterBits or > MaximumClusterBits)
        {
            throw ImageFault.Corrupt(
                file, Qcow1Disk.Format, Field.ClusterBits,
                $"clusters of 2^{clusterBits} and tables of 2^{tableBits} bytes are not possible (2^{MinimumClusterBits} to 2^{MaximumClusterBits} are).");
        }

        long size = BinaryPrimitives.ReadInt64BigEndian(fields[Field.DiskSize..]);
        int coverageBits = clusterBits + tableBits - EntryBits;
        if (size <= 0 || (size - 1) >> coverageBits >= MaximumL1Entries)
        {
            throw ImageFault.Corrupt(file, Qcow1Disk.Format, Field.DiskSize, $"a disk of {(ulong)size} bytes is not possible with its clusters.");
        }

        int entries = (int)((size - 1) >> coverageBits) + 1;
        long table = BinaryPrimitives.ReadInt64BigEndian(fields[Field.L1Offset..]);
        if (table < Size || table > file.Length - (entries * (long)sizeof(ulong)))
        {
            throw ImageFault.Corrupt(file, Qcow1Disk.Format, Field.L1Offset, $"its L1 table cannot lie at byte {(ulong)table}.");
        }

        return new Qcow1Header
        {
            ClusterBits = clusterBits,
            L2Entries = 1 << (tableBits - EntryBits),
            DiskSize = size,
            L1Entries = entries,
            L1Offset = table,
            BackingName = ReadBackingName(file, fields),
        };
    }

    private static string? ReadBackingName(DiskFile file, ReadOnlySpan<byte> fields)
    {
        long offset = BinaryPrimitives.ReadInt64BigEndian(fields[Field.BackingNameOffset..]);
        if (offset == 0)
        {
            return null;
        }

        uint size = BinaryPrimitives.ReadUInt32BigEndian(fields[Field.BackingNameSize..]);
        if (size is 0 or > MaximumBackingNameSize || offset < 0 || offset > file.Length - size)
        {
            throw ImageFault.Corrupt(
                file, Qcow1Disk.Format, Field.BackingNameOffset, $"a backing file name of {size} bytes at {(ulong)offset} is not possible.");
        }

        byte[] name = new byte[size];
        file.Read(offset, name);
        return Encoding.UTF8.GetString(name);
    }
}
