using System.Buffers.Binary;
using V2V.Engine.Disks.Transports;
using V2V.Engine.IO;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>The header of a VHDX ([MS-VHDX] 2.2.2). There are two; the one with the higher sequence number counts.</summary>
internal sealed record VhdxHeader
{
    public const int Size = 4096;

    private const ushort KnownVersion = 1;

    private static class Field
    {
        public const int Checksum = 4;
        public const int SequenceNumber = 8;
        public const int DataWriteGuid = 32;
        public const int LogGuid = 48;
        public const int LogVersion = 64;
        public const int Version = 66;
        public const int LogLength = 68;
        public const int LogOffset = 72;
    }

    private static readonly long[] s_positions = [64 << 10, 128 << 10];

    /// <summary>Changes whenever what the guest sees changes: a differencing disk remembers it of its parent.</summary>
    public required Guid DataWriteGuid { get; init; }

    /// <summary>Which entries of the log have to be replayed; empty when the image was closed properly.</summary>
    public required Guid LogGuid { get; init; }

    /// <summary>Bytes of the log.</summary>
    public required uint LogLength { get; init; }

    /// <summary>Where the log starts, in bytes.</summary>
    public required long LogOffset { get; init; }

    private ulong SequenceNumber { get; init; }

    public static VhdxHeader Read(DiskFile file)
    {
        VhdxHeader? current = null;
        byte[] header = new byte[Size];
        foreach (long position in s_positions)
        {
            if (position > file.Length - Size)
            {
                break;
            }

            file.Read(position, header);
            if (HasChecksum(header, "head"u8, Field.Checksum) && Parse(file, header) is { } found && found.SequenceNumber >= (current?.SequenceNumber ?? 0))
            {
                current = found;
            }
        }

        return current ?? throw ImageFault.Corrupt(file, VhdxDisk.Format, s_positions[0], "neither of its two headers has a right checksum.");
    }

    /// <summary>Whether a structure begins with its signature and has the CRC-32C that it says, computed with zeros in the checksum's place.</summary>
    public static bool HasChecksum(ReadOnlySpan<byte> structure, ReadOnlySpan<byte> signature, int field)
    {
        if (!structure.StartsWith(signature))
        {
            return false;
        }

        uint register = Crc32C.Append(uint.MaxValue, structure[..field]);
        register = Crc32C.Append(register, 0u);
        return ~Crc32C.Append(register, structure[(field + sizeof(uint))..]) == BinaryPrimitives.ReadUInt32LittleEndian(structure[field..]);
    }

    private static VhdxHeader Parse(DiskFile file, ReadOnlySpan<byte> header)
    {
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(header[Field.Version..]);
        ushort logVersion = BinaryPrimitives.ReadUInt16LittleEndian(header[Field.LogVersion..]);
        if (version != KnownVersion || logVersion != 0)
        {
            throw ImageFault.Unsupported(
                file, VhdxDisk.Format, $"has version {version} with a log of version {logVersion}; version {KnownVersion} with log version 0 can be read.",
                VhdxDisk.ConvertAdvice);
        }

        return new VhdxHeader
        {
            SequenceNumber = BinaryPrimitives.ReadUInt64LittleEndian(header[Field.SequenceNumber..]),
            DataWriteGuid = new Guid(header.Slice(Field.DataWriteGuid, 16)),
            LogGuid = new Guid(header.Slice(Field.LogGuid, 16)),
            LogLength = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.LogLength..]),
            LogOffset = BinaryPrimitives.ReadInt64LittleEndian(header[Field.LogOffset..]),
        };
    }
}
