using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// One stream of the .xz format (specification 1.1.0). Programs that compress with several threads write blocks that do not depend on each
/// other; these are decoded in parallel.
/// </summary>
internal static class XzSegment
{
    private const int StreamHeaderLength = 12;
    private const int StreamFooterLength = 12;
    private const ulong FilterLzma2 = 0x21;
    private const ulong FilterX86 = 0x04;

    /// <summary>Number of bytes of the check after each block, by its id (section 2.1.1.2).</summary>
    private static ReadOnlySpan<byte> CheckLengths => [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

    private const int CheckCrc32 = 1;

    /// <summary>Blocks that are decoded at the same time, with their dictionaries, take no more than this. "xz -T0" makes them of three dictionaries.</summary>
    private const long MaxParallelBytes = 64 << 20;

    public static int Decode(ArraySegment<byte> input, ContentSink sink)
    {
        var data = (ReadOnlySpan<byte>)input;
        if (data.Length < StreamHeaderLength || !data.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
            || data[6] != 0 || (data[7] & 0xF0) != 0 || Crc32.Append(0, data.Slice(6, 2)) != ReadUInt32(data[8..]))
        {
            throw InitramfsErrors.Malformed("its xz header is not valid", input.Offset);
        }

        var check = data[7] & 0x0F;
        var offset = StreamHeaderLength;
        var pending = new Queue<Task<MemoryStream>>();
        try
        {
            // A zero where a block header would have its size starts the index.
            while (At(data, offset) != 0)
            {
                var block = ReadBlockHeader(data, offset, check);
                if (block.End is { } end && block.Length is <= MaxParallelBytes / 2 && end <= data.Length)
                {
                    var part = block;
                    pending.Enqueue(Task.Run(() =>
                    {
                        var content = new MemoryStream((int)part.Length!);
                        DecodeBlock(input, part, check, piece => Append(content, piece, part.Length.Value));
                        return content;
                    }));
                    offset = end;
                    var most = MaxParallelBytes / ((long)block.Length.Value + (2L * block.DictionarySize) + 1);
                    Flush(pending, (int)Math.Min(most, Environment.ProcessorCount), sink);
                }
                else
                {
                    Flush(pending, 0, sink);
                    offset = DecodeBlock(input, block, check, sink);
                }
            }

            Flush(pending, 0, sink);
        }
        finally
        {
            // They read the caller's buffer.
            Task.WhenAll(pending).ContinueWith(_ => { }, TaskScheduler.Default).Wait();
        }

        return SkipIndexAndFooter(data, offset);
    }

    /// <summary>Passes on what is decoded, in order, until no more than <paramref name="left"/> blocks are being worked on.</summary>
    private static void Flush(Queue<Task<MemoryStream>> pending, int left, ContentSink sink)
    {
        while (pending.Count > left)
        {
            var content = pending.Dequeue().GetAwaiter().GetResult();
            sink(content.GetBuffer().AsSpan(0, (int)content.Length));
        }
    }

    private static void Append(MemoryStream content, ReadOnlySpan<byte> piece, ulong limit)
    {
        if ((ulong)(content.Length + piece.Length) > limit)
        {
            throw InitramfsErrors.Malformed("an xz block is longer than its header says");
        }

        content.Write(piece);
    }

    /// <summary>Section 3: LZMA2 data, padding, check. Returns where the next block starts.</summary>
    private static int DecodeBlock(ArraySegment<byte> input, XzBlock block, int check, ContentSink sink)
    {
        var data = (ReadOnlySpan<byte>)input;
        var crc = 0u;
        var length = Lzma2Decoder.Decode(data[block.DataOffset..], block.DictionarySize, check != CheckCrc32 ? sink : content =>
        {
            crc = Crc32.Append(crc, content);
            sink(content);
        });

        // Blocks are padded to a multiple of four bytes, counted from the block's own start, which is such a multiple itself.
        var end = (block.DataOffset + length + 3) & ~3;
        var checkLength = CheckLengths[check];
        if (end + checkLength > data.Length || (check == CheckCrc32 && ReadUInt32(data[end..]) != crc) || (block.End ?? end + checkLength) != end + checkLength)
        {
            throw InitramfsErrors.Malformed("the checksum of its xz data does not match", input.Offset + end);
        }

        return end + checkLength;
    }

    /// <summary>Section 3.1: size, flags, optional lengths, filters, CRC. Only plain LZMA2 is decoded.</summary>
    private static XzBlock ReadBlockHeader(ReadOnlySpan<byte> data, int start, int check)
    {
        const byte HasCompressedSize = 0x40;
        const byte HasUncompressedSize = 0x80;
        var headerLength = (data[start] + 1) * 4;
        if (headerLength > data.Length - start
            || Crc32.Append(0, data.Slice(start, headerLength - 4)) != ReadUInt32(data[(start + headerLength - 4)..]))
        {
            throw InitramfsErrors.Malformed("an xz block header is not valid", start);
        }

        var header = data.Slice(start, headerLength - 4);
        var flags = At(header, 1);
        var offset = 2;
        var compressedLength = (flags & HasCompressedSize) != 0 ? ReadVariable(header, ref offset) : (ulong?)null;
        var length = (flags & HasUncompressedSize) != 0 ? ReadVariable(header, ref offset) : (ulong?)null;
        var dictionarySize = ReadDictionarySize(header, flags, offset);
        var dataOffset = start + headerLength;
        int? end = compressedLength <= int.MaxValue / 2
            ? ((dataOffset + (int)compressedLength + 3) & ~3) + CheckLengths[check]
            : null;
        return new XzBlock(dataOffset, end, length, dictionarySize);
    }

    private static int ReadDictionarySize(ReadOnlySpan<byte> header, byte flags, int offset)
    {
        // The property 0 .. 40 stands for 4 KiB .. 4 GiB in half powers of two; 28 is 64 MiB, the most that the xz program's presets use.
        const byte MaxDictionaryProperty = 28;
        var filter = ReadVariable(header, ref offset);
        if ((flags & 0x03) != 0 || filter != FilterLzma2)
        {
            var name = filter == FilterX86 ? "the x86 branch filter" : $"filter 0x{filter:X}";
            throw InitramfsErrors.Unsupported($"The initramfs is compressed with xz and {name}, which V2V does not decode.");
        }

        var propertyLength = ReadVariable(header, ref offset);
        var property = At(header, offset);
        return propertyLength == 1 && property <= MaxDictionaryProperty
            ? (2 | (property & 1)) << ((property / 2) + 11)
            : throw InitramfsErrors.Malformed($"an xz block asks for dictionary property {property}");
    }

    /// <summary>Sections 4 and 2.1.2: a list of sizes, which is not needed, then the footer.</summary>
    private static int SkipIndexAndFooter(ReadOnlySpan<byte> data, int indexStart)
    {
        var offset = indexStart + 1;
        var records = ReadVariable(data, ref offset);
        for (var i = 0ul; i < records; i++)
        {
            ReadVariable(data, ref offset);
            ReadVariable(data, ref offset);
        }

        var end = ((offset + 3) & ~3) + 4 + StreamFooterLength;
        if (end > data.Length || data[end - 2] != (byte)'Y' || data[end - 1] != (byte)'Z')
        {
            throw InitramfsErrors.Malformed("its xz data has no footer", offset);
        }

        return end;
    }

    /// <summary>Section 1.2: seven bits a byte, the lowest first, at most nine bytes.</summary>
    private static ulong ReadVariable(ReadOnlySpan<byte> data, ref int offset)
    {
        const int MaxLength = 9;
        var value = 0ul;
        for (var i = 0; i < MaxLength; i++)
        {
            var next = At(data, offset++);
            value |= (ulong)(next & 0x7F) << (7 * i);
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw InitramfsErrors.Malformed("an xz header has a number that is too long", offset);
    }

    private static byte At(ReadOnlySpan<byte> data, int offset) =>
        (uint)offset < (uint)data.Length ? data[offset] : throw InitramfsErrors.Malformed("its xz data ends early", offset);

    private static uint ReadUInt32(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt32LittleEndian(data);

    /// <param name="DataOffset">Where the LZMA2 data starts.</param>
    /// <param name="End">Where the next block starts, where the header tells.</param>
    /// <param name="Length">Bytes after decoding, where the header tells.</param>
    /// <param name="DictionarySize">In bytes.</param>
    private readonly record struct XzBlock(int DataOffset, int? End, ulong? Length, int DictionarySize);
}
