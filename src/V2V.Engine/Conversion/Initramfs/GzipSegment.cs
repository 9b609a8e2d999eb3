using System.Buffers.Binary;
using System.IO.Compression;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// One gzip member (RFC 1952). The framework's inflater reads ahead and does not tell where the deflate stream ended, so the end is found
/// by the trailer that has to stand there: the checksum and length of what was decoded.
/// </summary>
internal static class GzipSegment
{
    private const int FixedHeaderLength = 10;
    private const int TrailerLength = 8;

    private static class Flags
    {
        public const byte HeaderCrc = 0x02;
        public const byte ExtraField = 0x04;
        public const byte FileName = 0x08;
        public const byte Comment = 0x10;
    }

    public static int Decode(ArraySegment<byte> input, ContentSink sink)
    {
        var bodyOffset = HeaderLength(input);
        using var source = new ReadAheadStream(input[bodyOffset..]);
        using var inflater = new DeflateStream(source, CompressionMode.Decompress);
        var crc = 0u;
        var length = 0u;
        CompressedSegment.Drain(inflater, content =>
        {
            crc = Crc32.Append(crc, content);
            length = unchecked(length + (uint)content.Length);
            sink(content);
        });

        Span<byte> trailer = stackalloc byte[TrailerLength];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], length);
        // The deflate stream ends within what was read last: the inflater asks for more only when it has used up everything.
        var searchStart = bodyOffset + source.LastReadStart;
        var searchEnd = Math.Min(input.Count, bodyOffset + source.Position + TrailerLength);
        var found = input.AsSpan((int)searchStart, (int)(searchEnd - searchStart)).IndexOf(trailer);
        return found >= 0
            ? (int)searchStart + found + TrailerLength
            : throw InitramfsErrors.Malformed("the checksum of its gzip data does not match", input.Offset + searchStart);
    }

    private static int HeaderLength(ReadOnlySpan<byte> data)
    {
        if (data.Length < FixedHeaderLength)
        {
            throw InitramfsErrors.Malformed("its gzip header ends early");
        }

        var flags = data[3];
        var length = FixedHeaderLength;
        if ((flags & Flags.ExtraField) != 0)
        {
            if (data.Length < length + 2)
            {
                throw InitramfsErrors.Malformed("its gzip header ends early");
            }

            length += 2 + BinaryPrimitives.ReadUInt16LittleEndian(data[length..]);
        }

        length += (flags & Flags.FileName) != 0 ? StringLength(data, length) : 0;
        length += (flags & Flags.Comment) != 0 ? StringLength(data, length) : 0;
        length += (flags & Flags.HeaderCrc) != 0 ? 2 : 0;
        return length <= data.Length ? length : throw InitramfsErrors.Malformed("its gzip header ends early");
    }

    private static int StringLength(ReadOnlySpan<byte> data, int start)
    {
        var end = start < data.Length ? data[start..].IndexOf((byte)0) : -1;
        return end >= 0 ? end + 1 : throw InitramfsErrors.Malformed("its gzip header ends early");
    }

    /// <summary>A memory stream that remembers where the last read began.</summary>
    private sealed class ReadAheadStream(ArraySegment<byte> input) : MemoryStream(input.Array!, input.Offset, input.Count, writable: false)
    {
        public long LastReadStart { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Note();
            return base.Read(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Note();
            return base.Read(buffer, offset, count);
        }

        private void Note()
        {
            if (Position < Length)
            {
                LastReadStart = Position;
            }
        }
    }
}
