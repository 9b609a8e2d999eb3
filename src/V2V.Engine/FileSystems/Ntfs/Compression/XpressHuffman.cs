namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>XPRESS with Huffman codes ([MS-XCA] 2.2), of one block of at most 64 KiB: a chunk of a file that Windows compressed as a whole.</summary>
internal static class XpressHuffman
{
    private const int SymbolCount = 512;

    /// <summary>Four bits for the length of each symbol's code.</summary>
    private const int TableSize = SymbolCount / 2;

    private const int FirstMatch = 256;

    private const int MinMatch = 3;

    /// <summary>A length of this much is followed by more of it.</summary>
    private const int LongLength = 15;

    /// <returns>False when the data is malformed or does not fill <paramref name="target"/>.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length < TableSize)
        {
            return false;
        }

        Span<byte> lengths = stackalloc byte[SymbolCount];
        for (var i = 0; i < TableSize; i++)
        {
            lengths[2 * i] = (byte)(source[i] & 0xF);
            lengths[(2 * i) + 1] = (byte)(source[i] >> 4);
        }

        var code = new HuffmanCode(SymbolCount);
        if (!code.TryBuild(lengths))
        {
            return false;
        }

        var reader = new WordBitReader(source[TableSize..]);
        for (var length = 0; length < target.Length;)
        {
            if (!code.TryTake(ref reader, out var symbol) || reader.IsPastEnd)
            {
                return false;
            }

            if (symbol < FirstMatch)
            {
                target[length++] = (byte)symbol;
                continue;
            }

            if (!TryTakeMatch(ref reader, symbol - FirstMatch, out var displacement, out var count)
                || displacement > length || count > target.Length - length)
            {
                return false;
            }

            LzMatch.Copy(target, length, displacement, count);
            length += count;
        }

        return true;
    }

    private static bool TryTakeMatch(ref WordBitReader reader, int symbol, out int displacement, out int count)
    {
        displacement = 0;
        count = symbol % (LongLength + 1);
        var displacementBits = symbol / (LongLength + 1);
        if (count == LongLength)
        {
            // A decoder has sixteen bits ahead at least, and the bytes stand behind these.
            reader.Fill(16);
            if (!TryTakeLength(ref reader, out var more) || more > int.MaxValue - MinMatch)
            {
                return false;
            }

            count = (int)more;
        }

        count += MinMatch;
        displacement = (1 << displacementBits) + (int)reader.Take(displacementBits);
        return true;
    }

    private static bool TryTakeLength(ref WordBitReader reader, out uint length)
    {
        if (!reader.TryTakeBytes(1, out length))
        {
            return false;
        }

        if (length < byte.MaxValue)
        {
            length += LongLength;
            return true;
        }

        return reader.TryTakeBytes(sizeof(ushort), out length)
            && (length != 0 || reader.TryTakeBytes(sizeof(uint), out length))
            && length >= LongLength;
    }
}
