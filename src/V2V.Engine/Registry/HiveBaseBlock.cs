using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>
/// The first 4096 bytes of a hive ("base block"), and of a log, where only the first sectors of it stand. Kept as raw bytes, so that what is not
/// understood (transaction managers' identities, for one) stays as it is.
/// </summary>
internal sealed class HiveBaseBlock(byte[] raw)
{
    /// <summary>Bytes before the first bin.</summary>
    public const int Size = 4096;

    /// <summary>Bytes that the checksum covers together with itself; as much of the block stands at least in a log.</summary>
    public const int ChecksummedSize = 512;

    /// <summary>Offsets of cells have 31 bits; the topmost one marks memory that is never written.</summary>
    public const uint MaxDataSize = 0x7FFF_F000;

    public static ReadOnlySpan<byte> Signature => "regf"u8;

    public ReadOnlySpan<byte> Raw => raw;

    public bool HasSignature => raw.AsSpan().StartsWith(Signature);

    /// <summary>Counts the writes that began; equal to <see cref="SecondarySequence"/> when the last one also ended.</summary>
    public uint PrimarySequence { get => U32(Offsets.PrimarySequence); set => SetU32(Offsets.PrimarySequence, value); }

    public uint SecondarySequence { get => U32(Offsets.SecondarySequence); set => SetU32(Offsets.SecondarySequence, value); }

    /// <summary>FILETIME of the last write; not kept up to date since Windows 8.1.</summary>
    public ulong LastWritten => BinaryPrimitives.ReadUInt64LittleEndian(raw.AsSpan(Offsets.LastWritten));

    public uint Major => U32(Offsets.Major);

    public uint Minor => U32(Offsets.Minor);

    public HiveFileType Type { get => (HiveFileType)U32(Offsets.Type); set => SetU32(Offsets.Type, (uint)value); }

    /// <summary>1, "direct memory load", is the only form there is.</summary>
    public uint Layout => U32(Offsets.Layout);

    public uint RootCell => U32(Offsets.RootCell);

    /// <summary>Bytes of all bins.</summary>
    public uint DataSize { get => U32(Offsets.DataSize); set => SetU32(Offsets.DataSize, value); }

    /// <summary>Sector of the disk that the hive was made on, in units of 512 bytes: what logs are aligned to.</summary>
    public uint ClusteringFactor => U32(Offsets.ClusteringFactor);

    public uint Flags { get => U32(Offsets.Flags); set => SetU32(Offsets.Flags, value); }

    public bool IsChecksumRight => U32(Offsets.Checksum) == Checksum(raw);

    public void UpdateChecksum() => SetU32(Offsets.Checksum, Checksum(raw));

    public HiveBaseBlock Clone() => new((byte[])raw.Clone());

    /// <summary>XOR of the words before it; the results 0 and -1 stand for "none" and are replaced.</summary>
    private static uint Checksum(ReadOnlySpan<byte> block)
    {
        uint sum = 0;
        for (var i = 0; i < Offsets.Checksum; i += sizeof(uint))
        {
            sum ^= BinaryPrimitives.ReadUInt32LittleEndian(block[i..]);
        }

        return sum switch { 0 => 1, uint.MaxValue => uint.MaxValue - 1, _ => sum };
    }

    private uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(offset));

    private void SetU32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(raw.AsSpan(offset), value);

    private static class Offsets
    {
        public const int PrimarySequence = 4;
        public const int SecondarySequence = 8;
        public const int LastWritten = 12;
        public const int Major = 20;
        public const int Minor = 24;
        public const int Type = 28;
        public const int Layout = 32;
        public const int RootCell = 36;
        public const int DataSize = 40;
        public const int ClusteringFactor = 44;
        public const int Flags = 144;
        public const int Checksum = 508;
    }
}

/// <summary>What a file that begins with a base block is.</summary>
internal enum HiveFileType : uint
{
    Hive = 0,

    /// <summary>A log of changed sectors, from Windows XP to 8.</summary>
    Log = 1,

    /// <summary>The same of Windows 2000.</summary>
    LogOfWindows2000 = 2,

    /// <summary>A log of entries, since Windows 8.1.</summary>
    EntryLog = 6,
}
