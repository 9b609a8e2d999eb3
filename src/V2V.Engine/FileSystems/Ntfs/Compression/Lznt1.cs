namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>LZNT1 ([MS-XCA] 2.5), which NTFS compresses the clusters of a compression unit with.</summary>
internal static class Lznt1
{
    /// <summary>Bytes that a chunk stands for.</summary>
    private const int ChunkSize = 4096;

    private const int HeaderSize = sizeof(ushort);

    private const ushort SizeMask = 0x0FFF;

    private const ushort FlagCompressed = 0x8000;

    private const int MinMatch = 3;

    /// <summary>Bits of a match's displacement when its length has twelve; they change places as the chunk grows.</summary>
    private const int MinDisplacementBits = 4;

    /// <summary>
    /// Decompresses chunks up to the end of <paramref name="target"/>, of the source, or to a header of zero. What they do not reach is
    /// filled with zeros, as is what a chunk leaves of its 4096 bytes.
    /// </summary>
    /// <returns>False when the data is malformed.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        while (source.Length >= HeaderSize && target.Length > 0 && source.U16(0) is var header && header != 0)
        {
            var size = (header & SizeMask) + 1;
            if (HeaderSize + size > source.Length)
            {
                return false;
            }

            var chunk = source.Slice(HeaderSize, size);
            var output = target[..Math.Min(ChunkSize, target.Length)];
            if ((header & FlagCompressed) == 0)
            {
                var length = Math.Min(chunk.Length, output.Length);
                chunk[..length].CopyTo(output);
                output[length..].Clear();
            }
            else if (!TryDecompressChunk(chunk, output))
            {
                return false;
            }

            source = source[(HeaderSize + size)..];
            target = target[output.Length..];
        }

        target.Clear();
        return true;
    }

    private static bool TryDecompressChunk(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var at = 0;
        var length = 0;
        while (at < source.Length && length < target.Length)
        {
            var flags = source[at++];
            for (var i = 0; i < 8 && at < source.Length && length < target.Length; i++, flags >>= 1)
            {
                if ((flags & 1) == 0)
                {
                    target[length++] = source[at++];
                    continue;
                }

                if (at + sizeof(ushort) > source.Length)
                {
                    return false;
                }

                var (displacement, count) = Match(source.U16(at), length);
                at += sizeof(ushort);
                if (displacement > length || count > target.Length - length)
                {
                    return false;
                }

                LzMatch.Copy(target, length, displacement, count);
                length += count;
            }
        }

        target[length..].Clear();
        return true;
    }

    /// <summary>A match takes as many bits for the displacement as the bytes before it need.</summary>
    private static (int Displacement, int Count) Match(ushort token, int length)
    {
        var bits = MinDisplacementBits;
        while (length > 1 << bits)
        {
            bits++;
        }

        var lengthBits = 16 - bits;
        return ((token >> lengthBits) + 1, (token & ((1 << lengthBits) - 1)) + MinMatch);
    }
}
