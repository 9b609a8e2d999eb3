namespace V2V.Engine.Conversion.Initramfs;

/// <summary>A part of an initramfs file.</summary>
/// <param name="Compression">How it is compressed.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Bytes in the file, padding after an uncompressed archive included.</param>
internal readonly record struct InitramfsSegment(InitramfsCompression Compression, int Offset, int Length);

/// <summary>What an initramfs file unpacks to.</summary>
internal sealed record InitramfsContents(InitramfsTree Tree, IReadOnlyList<InitramfsSegment> Segments)
{
    /// <summary>Bytes after decompression.</summary>
    public required long ExpandedLength { get; init; }
}

/// <summary>
/// Reads an initramfs as the kernel does (unpack_to_rootfs() in init/initramfs.c): a sequence of zero bytes, uncompressed archives, which
/// have to start at a multiple of four, and compressed streams. Where the kernel would stop with a message, this throws.
/// </summary>
internal static class InitramfsReader
{
    /// <summary>The largest images known expand to some 400 MB; a machine could hardly boot from more.</summary>
    public const long MaxExpandedLength = 1L << 30;

    /// <exception cref="ConversionException">The image is damaged, too large, or of a kind that is not understood.</exception>
    public static InitramfsContents Read(
        ArraySegment<byte> image, long maxExpandedLength = MaxExpandedLength, CancellationToken cancellation = default)
    {
        return Read(image, new InitramfsContents(new InitramfsTree(), []) { ExpandedLength = 0 }, maxExpandedLength, cancellation);
    }

    /// <summary>
    /// Reads what was appended to an image whose earlier part is known, as the kernel would after unpacking that: nothing is decompressed twice.
    /// </summary>
    /// <param name="image">The whole image; it starts with what <paramref name="before"/> was read from.</param>
    /// <param name="before">What that unpacked to; it is not changed.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="ConversionException">The appended part is damaged.</exception>
    public static InitramfsContents Continue(ArraySegment<byte> image, InitramfsContents before, CancellationToken cancellation = default) =>
        Read(image, before with { Tree = before.Tree.Clone() }, MaxExpandedLength, cancellation);

    private static InitramfsContents Read(ArraySegment<byte> image, InitramfsContents start, long maxExpandedLength, CancellationToken cancellation)
    {
        var tree = start.Tree;
        var unpacker = new CpioUnpacker(tree);
        var segments = start.Segments.ToList();
        var expanded = start.ExpandedLength;
        var offset = segments.Count == 0 ? 0 : segments[^1].Offset + segments[^1].Length;
        while (offset < image.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            var rest = image[offset..];
            if (rest[0] == (byte)'0' && (offset & 3) == 0)
            {
                var length = unpacker.UnpackUncompressed(rest, offset);
                Add(InitramfsCompression.None, length);
                expanded += length;
            }
            else if (rest[0] == 0)
            {
                var zeros = rest.AsSpan().IndexOfAnyExcept((byte)0);
                offset += zeros < 0 ? rest.Count : zeros;
            }
            else if (InitramfsMagic.RecogniseCompression(rest) is { } compression)
            {
                unpacker.BeginCompressed();
                var length = CompressedSegment.Decode(compression, rest, content =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    expanded += content.Length;
                    if (expanded > maxExpandedLength)
                    {
                        throw InitramfsErrors.Malformed($"it expands to more than {maxExpandedLength} bytes");
                    }

                    unpacker.UnpackCompressed(content);
                });
                Add(compression, length);
            }
            else
            {
                throw Unrecognised(rest, offset);
            }
        }

        return new InitramfsContents(tree, segments) { ExpandedLength = expanded };

        void Add(InitramfsCompression compression, int length)
        {
            if (!unpacker.IsComplete)
            {
                throw InitramfsErrors.Malformed("an archive in it is cut off", offset + length);
            }

            segments.Add(new InitramfsSegment(compression, offset, length));
            offset += length;
        }
    }

    private static ConversionException Unrecognised(ReadOnlySpan<byte> rest, int offset)
    {
        if (offset == 0)
        {
            return InitramfsErrors.Unsupported(InitramfsMagic.RecogniseForeign(rest) is { } kind
                ? $"The initramfs is {kind}, to which no archive can be appended."
                : "The initramfs is neither a cpio archive nor compressed in a way that the kernel knows.");
        }

        return InitramfsErrors.Malformed(
            rest[0] == (byte)'0' ? "an uncompressed archive does not start at a multiple of four bytes" : "something follows that is neither an archive nor padding",
            offset);
    }
}
