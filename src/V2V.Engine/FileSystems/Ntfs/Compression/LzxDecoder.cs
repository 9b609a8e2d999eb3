namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>Decodes the blocks of one chunk of LZX, up to the translation of calls.</summary>
internal sealed class LzxDecoder
{
    private const int MinMatch = 2;

    private const int LengthHeaders = 8;

    private const int Literals = 256;

    /// <summary>Ranges of displacements that a window of 32 KiB has.</summary>
    private const int SlotCount = 30;

    private const int MainSymbols = Literals + (SlotCount * LengthHeaders);

    private const int LengthSymbols = 249;

    private const int AlignedSymbols = 8;

    private const int PreSymbols = 20;

    private const int AlignedBits = 3;

    /// <summary>The displacements used last have slots of their own.</summary>
    private const int RecentCount = 3;

    private const int BlockVerbatim = 1;

    private const int BlockAligned = 2;

    private const int BlockUncompressed = 3;

    private readonly HuffmanCode _pre = new(PreSymbols);
    private readonly HuffmanCode _main = new(MainSymbols);
    private readonly HuffmanCode _length = new(LengthSymbols);
    private readonly HuffmanCode _aligned = new(AlignedSymbols);

    /// <summary>Lengths of the codes' symbols, which every block gives as differences to those of the block before it.</summary>
    private readonly byte[] _mainLengths = new byte[MainSymbols];
    private readonly byte[] _lengthLengths = new byte[LengthSymbols];
    private readonly int[] _recent = [1, 1, 1];

    public bool TryDecode(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var reader = new WordBitReader(source);
        for (var at = 0; at < target.Length;)
        {
            var type = reader.Take(3);
            var size = reader.Take(1) != 0 ? Lzx.ChunkSize : (int)reader.Take(16);
            if (size == 0 || size > target.Length - at || reader.IsPastEnd)
            {
                return false;
            }

            var isValid = type switch
            {
                BlockVerbatim or BlockAligned => TryReadCodes(ref reader, type == BlockAligned) && TryDecodeBlock(ref reader, target, at, at + size, type == BlockAligned),
                BlockUncompressed => TryCopyBlock(ref reader, target.Slice(at, size)),
                _ => false,
            };
            if (!isValid)
            {
                return false;
            }

            at += size;
        }

        return true;
    }

    private bool TryCopyBlock(ref WordBitReader reader, Span<byte> target)
    {
        if (!reader.TryTakeAligned(RecentCount * sizeof(uint), out var recent))
        {
            return false;
        }

        for (var i = 0; i < RecentCount; i++)
        {
            // 0 and what is beyond any window never is a displacement; matches are checked when they occur.
            _recent[i] = (int)Math.Min(recent.U32(i * sizeof(uint)), int.MaxValue);
        }

        if (!reader.TryTakeNext(target.Length, out var content))
        {
            return false;
        }

        content.CopyTo(target);

        // A block of odd length is followed by a byte that brings the words back into step, if anything follows.
        _ = target.Length % 2 != 0 && reader.TryTakeNext(1, out _);
        return true;
    }

    private bool TryReadCodes(ref WordBitReader reader, bool isAligned)
    {
        if (isAligned)
        {
            Span<byte> lengths = stackalloc byte[AlignedSymbols];
            foreach (ref var length in lengths)
            {
                length = (byte)reader.Take(3);
            }

            if (!_aligned.TryBuild(lengths))
            {
                return false;
            }
        }

        return TryReadLengths(ref reader, _mainLengths.AsSpan(0, Literals))
            && TryReadLengths(ref reader, _mainLengths.AsSpan(Literals))
            && TryReadLengths(ref reader, _lengthLengths)
            && _main.TryBuild(_mainLengths) && _length.TryBuild(_lengthLengths);
    }

    /// <summary>Lengths come in a code of their own: differences to the old ones modulo 17, or runs.</summary>
    private bool TryReadLengths(ref WordBitReader reader, Span<byte> lengths)
    {
        const int Modulus = HuffmanCode.MaxLength + 1;
        Span<byte> preLengths = stackalloc byte[PreSymbols];
        foreach (ref var length in preLengths)
        {
            length = (byte)reader.Take(4);
        }

        if (!_pre.TryBuild(preLengths))
        {
            return false;
        }

        for (var at = 0; at < lengths.Length;)
        {
            if (!_pre.TryTake(ref reader, out var symbol) || reader.IsPastEnd)
            {
                return false;
            }

            if (symbol < Modulus)
            {
                lengths[at] = (byte)((lengths[at] + Modulus - symbol) % Modulus);
                at++;
                continue;
            }

            // A run may reach beyond the end, where it counts for nothing.
            int run;
            byte value = 0;
            switch (symbol)
            {
                case 17:
                    run = 4 + (int)reader.Take(4);
                    break;
                case 18:
                    run = 20 + (int)reader.Take(5);
                    break;
                default:
                    run = 4 + (int)reader.Take(1);
                    if (!_pre.TryTake(ref reader, out symbol) || symbol >= Modulus)
                    {
                        return false;
                    }

                    value = (byte)((lengths[at] + Modulus - symbol) % Modulus);
                    break;
            }

            run = Math.Min(run, lengths.Length - at);
            lengths.Slice(at, run).Fill(value);
            at += run;
        }

        return true;
    }

    private bool TryDecodeBlock(ref WordBitReader reader, Span<byte> target, int at, int end, bool isAligned)
    {
        while (at < end)
        {
            if (!_main.TryTake(ref reader, out var symbol) || reader.IsPastEnd)
            {
                return false;
            }

            if (symbol < Literals)
            {
                target[at++] = (byte)symbol;
                continue;
            }

            var slot = (symbol - Literals) / LengthHeaders;
            var count = (symbol - Literals) % LengthHeaders;
            if (count == LengthHeaders - 1)
            {
                if (!_length.TryTake(ref reader, out var more))
                {
                    return false;
                }

                count += more;
            }

            count += MinMatch;
            if (!TryTakeDisplacement(ref reader, slot, isAligned, out var displacement) || displacement <= 0 || displacement > at || count > end - at)
            {
                return false;
            }

            LzMatch.Copy(target, at, displacement, count);
            at += count;
        }

        return true;
    }

    private bool TryTakeDisplacement(ref WordBitReader reader, int slot, bool isAligned, out int displacement)
    {
        if (slot < RecentCount)
        {
            displacement = _recent[slot];
            _recent[slot] = _recent[0];
            _recent[0] = displacement;
            return true;
        }

        // Slots have no further bit for the first four, then one more with each second one.
        var bits = slot < 4 ? 0 : (slot / 2) - 1;
        var start = slot < 4 ? slot : (2 + (slot % 2)) << bits;
        displacement = start;
        if (isAligned && bits >= AlignedBits)
        {
            displacement += (int)reader.Take(bits - AlignedBits) << AlignedBits;
            if (!_aligned.TryTake(ref reader, out var low))
            {
                return false;
            }

            displacement += low;
        }
        else
        {
            displacement += (int)reader.Take(bits);
        }

        displacement -= RecentCount - 1;
        _recent[2] = _recent[1];
        _recent[1] = _recent[0];
        _recent[0] = displacement;
        return true;
    }
}
