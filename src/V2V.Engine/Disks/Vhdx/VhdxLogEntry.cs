using System.Buffers.Binary;

namespace V2V.Engine.Disks.Vhdx;

/// <summary>One entry of the log: a header, descriptors, and the data sectors that they refer to ([MS-VHDX] 2.3.1).</summary>
internal sealed class VhdxLogEntry
{
    public const int SectorSize = 4096;

    private const int HeaderSize = 64;
    private const int DescriptorSize = 32;

    private static class Field
    {
        public const int Checksum = 4;
        public const int Length = 8;
        public const int Tail = 12;
        public const int SequenceNumber = 16;
        public const int DescriptorCount = 24;
        public const int LogGuid = 32;
        public const int FlushedFileOffset = 48;
        public const int LastFileOffset = 56;
    }

    private readonly byte[] _bytes;

    private VhdxLogEntry(byte[] bytes) => _bytes = bytes;

    public int Length => _bytes.Length;

    /// <summary>Where in the log the oldest entry starts that was in use when this one was written.</summary>
    public uint Tail => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(Field.Tail));

    public ulong SequenceNumber => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(Field.SequenceNumber));

    /// <summary>The file was at least this long, and safely so, when the entry was written.</summary>
    public long FlushedFileOffset => BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(Field.FlushedFileOffset));

    /// <summary>Once the entry is replayed the file is at least this long.</summary>
    public long LastFileOffset => BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(Field.LastFileOffset));

    private int DescriptorCount => BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(Field.DescriptorCount));

    /// <summary>The entry that starts at a place of the circular log; null when there is none of this log's.</summary>
    /// <param name="log">The log.</param>
    /// <param name="offset">The place, a multiple of the sector size.</param>
    /// <param name="logGuid">Which entries count.</param>
    /// <param name="budget">Bytes that may still be looked at; what this call looks at is taken off.</param>
    public static VhdxLogEntry? TryRead(ReadOnlySpan<byte> log, int offset, Guid logGuid, ref long budget)
    {
        ReadOnlySpan<byte> header = log[offset..];
        if (!header.StartsWith("loge"u8) || new Guid(header.Slice(Field.LogGuid, 16)) != logGuid)
        {
            return null;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[Field.Length..]);
        if (length == 0 || length % SectorSize != 0 || length > log.Length || length > budget)
        {
            return null;
        }

        budget -= length;
        // Most that is not intact is found out without being copied.
        int first = (int)Math.Min(length, log.Length - offset);
        if (first == length && !VhdxHeader.HasChecksum(header[..first], "loge"u8, Field.Checksum))
        {
            return null;
        }

        byte[] bytes = [.. header[..first], .. log[..((int)length - first)]];
        if (first < length && !VhdxHeader.HasChecksum(bytes, "loge"u8, Field.Checksum))
        {
            return null;
        }

        var entry = new VhdxLogEntry(bytes);
        return entry.SequenceNumber > 0 && entry.Tail % SectorSize == 0 && entry.Tail < log.Length && entry.HasRoom() ? entry : null;
    }

    /// <summary>What the entry writes, in order. A null sector stands for zeros.</summary>
    /// <exception cref="InvalidDataException">A descriptor or data sector is not this entry's.</exception>
    public IEnumerable<(long FileOffset, long Length, byte[]? Sector)> Writes()
    {
        int data = DescriptorArea(DescriptorCount);
        for (int i = 0; i < DescriptorCount; i++)
        {
            byte[] descriptor = _bytes.AsSpan(HeaderSize + (i * DescriptorSize), DescriptorSize).ToArray();
            long fileOffset = BinaryPrimitives.ReadInt64LittleEndian(descriptor.AsSpan(16));
            bool isOurs = BinaryPrimitives.ReadUInt64LittleEndian(descriptor.AsSpan(24)) == SequenceNumber && fileOffset >= 0 && fileOffset % SectorSize == 0;
            if (isOurs && descriptor.AsSpan().StartsWith("zero"u8))
            {
                yield return (fileOffset, BinaryPrimitives.ReadInt64LittleEndian(descriptor.AsSpan(8)), null);
            }
            else if (isOurs && descriptor.AsSpan().StartsWith("desc"u8) && data <= _bytes.Length - SectorSize)
            {
                yield return (fileOffset, SectorSize, Sector(descriptor, _bytes.AsSpan(data, SectorSize)));
                data += SectorSize;
            }
            else
            {
                throw new InvalidDataException($"descriptor {i} of the log entry {SequenceNumber} is not possible.");
            }
        }
    }

    /// <summary>The sector as it was: the log keeps its own marks in place of the first eight and the last four bytes, which stand in the descriptor.</summary>
    private byte[] Sector(ReadOnlySpan<byte> descriptor, ReadOnlySpan<byte> data)
    {
        ulong high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
        ulong low = BinaryPrimitives.ReadUInt32LittleEndian(data[^4..]);
        if (!data.StartsWith("data"u8) || ((high << 32) | low) != SequenceNumber)
        {
            throw new InvalidDataException($"a data sector of the log entry {SequenceNumber} belongs to another one.");
        }

        byte[] sector = data.ToArray();
        descriptor.Slice(8, 8).CopyTo(sector);
        descriptor.Slice(4, 4).CopyTo(sector.AsSpan(SectorSize - 4));
        return sector;
    }

    private bool HasRoom() => DescriptorCount is >= 0 and < (1 << 26) && DescriptorArea(DescriptorCount) <= _bytes.Length;

    private static int DescriptorArea(int count) => (HeaderSize + (count * DescriptorSize) + SectorSize - 1) & -SectorSize;
}
