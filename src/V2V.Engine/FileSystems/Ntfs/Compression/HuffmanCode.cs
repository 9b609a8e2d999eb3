namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>A canonical Huffman code: shorter codes first, and those of one length in the order of their symbols.</summary>
internal sealed class HuffmanCode
{
    public const int MaxLength = 16;

    /// <summary>Codes up to this length are looked up, the others, which are rare, searched.</summary>
    private const int LookupBits = 10;

    /// <summary>Symbol and length of each beginning; length 0 for a code that is longer.</summary>
    private readonly ushort[] _symbolOf = new ushort[1 << LookupBits];
    private readonly byte[] _lengthOf = new byte[1 << LookupBits];

    /// <summary>The symbols in the order of their codes.</summary>
    private readonly ushort[] _symbols;

    /// <summary>For each length: the first code behind those of it, in <see cref="MaxLength"/> bits.</summary>
    private readonly uint[] _limits = new uint[MaxLength + 1];

    /// <summary>For each length: what to add to a code to get its place in the order.</summary>
    private readonly int[] _bases = new int[MaxLength + 1];

    public HuffmanCode(int symbolCount) => _symbols = new ushort[symbolCount];

    /// <summary>Takes over the lengths of the codes, 0 for a symbol that does not occur.</summary>
    /// <returns>False when the lengths are not those of a complete code. A code without symbols is one; only its use fails.</returns>
    public bool TryBuild(ReadOnlySpan<byte> lengths)
    {
        Span<int> counts = stackalloc int[MaxLength + 1];
        counts.Clear();
        foreach (var length in lengths)
        {
            counts[length]++;
        }

        counts[0] = 0;
        Span<int> places = stackalloc int[MaxLength + 2];
        places.Clear();
        uint next = 0;
        var place = 0;
        for (var length = 1; length <= MaxLength; length++)
        {
            places[length] = place;
            _bases[length] = place - (int)(next >> (MaxLength - length));
            next += (uint)counts[length] << (MaxLength - length);
            place += counts[length];
            _limits[length] = next;
        }

        if (next != 1 << MaxLength && place != 0)
        {
            return false;
        }

        for (var symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] != 0)
            {
                _symbols[places[lengths[symbol]]++] = (ushort)symbol;
            }
        }

        FillLookup();
        return true;
    }

    /// <summary>Takes a symbol; false when the bits are no code.</summary>
    public bool TryTake(ref WordBitReader reader, out int symbol)
    {
        reader.Fill(MaxLength);
        var code = reader.Peek(MaxLength);
        var length = (int)_lengthOf[code >> (MaxLength - LookupBits)];
        if (length > 0)
        {
            reader.Skip(length);
            symbol = _symbolOf[code >> (MaxLength - LookupBits)];
            return true;
        }

        for (length = LookupBits + 1; length <= MaxLength; length++)
        {
            if (code < _limits[length])
            {
                reader.Skip(length);
                symbol = _symbols[_bases[length] + (int)(code >> (MaxLength - length))];
                return true;
            }
        }

        symbol = 0;
        return false;
    }

    private void FillLookup()
    {
        _lengthOf.AsSpan().Clear();
        var at = 0;
        for (var length = 1; length <= LookupBits; length++)
        {
            var end = (int)(_limits[length] >> (MaxLength - LookupBits));
            for (; at < end; at++)
            {
                _lengthOf[at] = (byte)length;
                _symbolOf[at] = _symbols[_bases[length] + (at >> (LookupBits - length))];
            }
        }
    }
}
