namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>
/// Bits as XPRESS and LZX have them: words of 16 bits, little-endian, each from its highest bit on. Behind the end there are zeros; the
/// formats end by their output, so that reading ahead is no error.
/// </summary>
internal ref struct WordBitReader(ReadOnlySpan<byte> source)
{
    private const int WordBits = 16;

    private readonly ReadOnlySpan<byte> _source = source;

    /// <summary>The bits that were read and not taken yet, from the highest on.</summary>
    private ulong _bits;
    private int _count;
    private int _position;

    /// <summary>More was taken than the source has.</summary>
    public readonly bool IsPastEnd => ((long)_position * 8) - _count > (long)_source.Length * 8;

    /// <summary>Reads whole words until there are <paramref name="count"/> bits, at most 32.</summary>
    public void Fill(int count)
    {
        while (_count < count)
        {
            _bits |= (ulong)NextWord() << (64 - WordBits - _count);
            _count += WordBits;
        }
    }

    /// <summary>The next bits; they must be filled. At least 1.</summary>
    public readonly uint Peek(int count) => (uint)(_bits >> (64 - count));

    public void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    /// <summary>Takes up to 32 bits.</summary>
    public uint Take(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        Fill(count);
        var value = Peek(count);
        Skip(count);
        return value;
    }

    /// <summary>Takes bytes from behind the words that were read, where XPRESS puts long lengths. False at the end.</summary>
    public bool TryTakeBytes(int count, out uint value)
    {
        value = 0;
        if (_position > _source.Length - count)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            value |= (uint)_source[_position++] << (8 * i);
        }

        return true;
    }

    /// <summary>Goes to the end of the word that the next bit is in, and gives up to <paramref name="length"/> whole bytes from there.</summary>
    public bool TryTakeAligned(int length, out ReadOnlySpan<byte> bytes)
    {
        var taken = ((long)_position * 8) - _count;
        var position = ((taken / WordBits) + 1) * (WordBits / 8);
        return TryTakeFrom(position, length, out bytes);
    }

    /// <summary>Whole bytes from where the last whole bytes ended.</summary>
    public bool TryTakeNext(int length, out ReadOnlySpan<byte> bytes) => TryTakeFrom(_position, length, out bytes);

    private bool TryTakeFrom(long position, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (position > _source.Length - length)
        {
            return false;
        }

        bytes = _source.Slice((int)position, length);
        _position = (int)position + length;
        _bits = 0;
        _count = 0;
        return true;
    }

    private ushort NextWord()
    {
        var word = _position + sizeof(ushort) <= _source.Length ? _source.U16(_position)
            : _position < _source.Length ? _source[_position] : (ushort)0;
        _position = Math.Min(_position, int.MaxValue - sizeof(ushort)) + sizeof(ushort);
        return word;
    }
}
