using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// One compressed stream at the start of a buffer. Decoding says how many bytes of the buffer the stream takes, because the kernel goes on
/// right behind it.
/// </summary>
internal static class CompressedSegment
{
    /// <summary>What decoders hand out at once.</summary>
    public const int ChunkSize = 128 << 10;

    /// <summary>Decodes the stream at the start of <paramref name="input"/> into <paramref name="sink"/> and returns its length in bytes.</summary>
    /// <exception cref="ConversionException">The data is damaged, or of a kind that V2V does not decode.</exception>
    public static int Decode(InitramfsCompression compression, ArraySegment<byte> input, ContentSink sink)
    {
        try
        {
            return compression switch
            {
                InitramfsCompression.Gzip => GzipSegment.Decode(input, sink),
                InitramfsCompression.Zstd => ZstdSegment.Decode(input, sink),
                InitramfsCompression.Xz => XzSegment.Decode(input, sink),
                InitramfsCompression.Lzma => LzmaSegment.Decode(input, sink),
                InitramfsCompression.Lz4Legacy => Lz4LegacySegment.Decode(input, sink),
                InitramfsCompression.Bzip2 => DecodeBzip2(input, sink),
                InitramfsCompression.Lzo => throw InitramfsErrors.Unsupported(
                    "The initramfs is compressed with lzo, which V2V does not decode.",
                    "Rebuild the initramfs in the guest with another compression (gzip, zstd or xz) before converting it."),
                _ => throw new ArgumentOutOfRangeException(nameof(compression)),
            };
        }
        // The decoders are other people's; on damaged input they throw what they like, down to index errors.
        catch (Exception e) when (e is not V2VException and not OperationCanceledException and not ArgumentOutOfRangeException { ParamName: nameof(compression) })
        {
            throw InitramfsErrors.Malformed($"its {compression} data cannot be decoded ({e.Message.TrimEnd('.')})", inner: e);
        }
    }

    /// <summary>Decodes a whole small file, such as a kernel module.</summary>
    /// <exception cref="ConversionException">It is damaged or decodes to more than <paramref name="limit"/> bytes.</exception>
    public static byte[] DecodeAll(InitramfsCompression compression, byte[] input, int limit)
    {
        var content = new MemoryStream();
        Decode(compression, input, piece =>
        {
            if (content.Length + piece.Length > limit)
            {
                throw InitramfsErrors.Malformed($"a compressed file decodes to more than {limit} bytes");
            }

            content.Write(piece);
        });
        return content.ToArray();
    }

    /// <summary>Passes on everything that a decoder's stream yields.</summary>
    public static void Drain(Stream decoder, ContentSink sink)
    {
        var chunk = new byte[ChunkSize];
        int read;
        while ((read = decoder.Read(chunk, 0, chunk.Length)) > 0)
        {
            sink(chunk.AsSpan(0, read));
        }
    }

    public static MemoryStream OpenRead(ArraySegment<byte> input) => new(input.Array!, input.Offset, input.Count, writable: false);

    private static int DecodeBzip2(ArraySegment<byte> input, ContentSink sink)
    {
        using var source = OpenRead(input);
        using var decoder = BZip2Stream.Create(source, CompressionMode.Decompress, decompressConcatenated: false, leaveOpen: true);
        Drain(decoder, sink);
        return (int)source.Position;
    }
}
