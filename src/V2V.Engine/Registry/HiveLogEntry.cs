using System.Buffers.Binary;

namespace V2V.Engine.Registry;

/// <summary>Header of an entry of a log since Windows 8.1, with the pages that it holds.</summary>
internal sealed record HiveLogEntry
{
    public const int HeaderSize = 40;

    public const int Alignment = 512;

    private const int HashedHeaderSize = 32;
    private const int ReferenceSize = 8;
    private const int ChunkSize = 64 * 1024;

    /// <summary>Bytes of the whole entry.</summary>
    public required uint Size { get; init; }

    /// <summary>Bit 0 as in the base block's flags.</summary>
    public required uint Flags { get; init; }

    public required uint Sequence { get; init; }

    /// <summary>Bytes of the bins after the entry is applied.</summary>
    public required uint DataSize { get; init; }

    /// <summary>Offset in the bins, length, and offset in the log, of each piece.</summary>
    public required IReadOnlyList<(uint Offset, uint Length, long At)> Pieces { get; init; }

    private static ReadOnlySpan<byte> Signature => "HvLE"u8;

    /// <summary>The entry at <paramref name="at"/>; null where there is none, or one that was not written to its end.</summary>
    public static HiveLogEntry? TryRead(HiveFile log, long at)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (log.TryRead(at, header) < HeaderSize || !header.StartsWith(Signature)
            || BinaryPrimitives.ReadUInt64LittleEndian(header[Offsets.HeaderHash..]) != Marvin32.Hash(header[..HashedHeaderSize]))
        {
            return null;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.Size..]);
        var dataSize = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.DataSize..]);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.Count..]);
        if (size < HeaderSize || size % Alignment != 0 || size > log.Length - at || (size - HeaderSize) / ReferenceSize < count
            || dataSize is 0 or > HiveBaseBlock.MaxDataSize || dataSize % HivePages.PageSize != 0
            || BinaryPrimitives.ReadUInt64LittleEndian(header[Offsets.BodyHash..]) != HashBody(log, at + HeaderSize, size - HeaderSize))
        {
            return null;
        }

        return ReadPieces(log, at, size, dataSize, count) is not { } pieces ? null : new HiveLogEntry
        {
            Size = size,
            Flags = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.Flags..]),
            Sequence = BinaryPrimitives.ReadUInt32LittleEndian(header[Offsets.Sequence..]),
            DataSize = dataSize,
            Pieces = pieces,
        };
    }

    private static List<(uint, uint, long)>? ReadPieces(HiveFile log, long at, uint size, uint dataSize, uint count)
    {
        var references = new byte[count * ReferenceSize];
        log.Read(at + HeaderSize, references);
        var place = at + HeaderSize + references.Length;
        var pieces = new List<(uint, uint, long)>();
        for (var i = 0; i < references.Length; i += ReferenceSize)
        {
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(references.AsSpan(i));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(references.AsSpan(i + sizeof(uint)));
            if (offset > dataSize || length > dataSize - offset || length > at + size - place)
            {
                return null;
            }

            pieces.Add((offset, length, place));
            place += length;
        }

        return pieces;
    }

    private static ulong HashBody(HiveFile log, long at, uint length)
    {
        var hash = new Marvin32();
        var buffer = new byte[ChunkSize];
        for (uint done = 0; done < length;)
        {
            // Both are multiples of four: an entry's size is one of 512, its header has 40 bytes.
            var chunk = buffer.AsSpan(0, (int)Math.Min(ChunkSize, length - done));
            log.Read(at + done, chunk);
            hash.Append(chunk);
            done += (uint)chunk.Length;
        }

        return hash.Finish([]);
    }

    private static class Offsets
    {
        public const int Size = 4;
        public const int Flags = 8;
        public const int Sequence = 12;
        public const int DataSize = 16;
        public const int Count = 20;
        public const int BodyHash = 24;
        public const int HeaderHash = 32;
    }
}
