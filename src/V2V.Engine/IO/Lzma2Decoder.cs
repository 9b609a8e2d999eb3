using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Place = V2V.Engine.IO.LzmaProbabilities;

namespace V2V.Engine.IO;

/// <summary>
/// Decodes LZMA2 data: chunks that are stored or LZMA-compressed (LZMA specification; the chunk headers as in Documentation of XZ Embedded,
/// xz_dec_lzma2.c). Images of RHEL and SUSE are compressed with it, and the decoder that the product has for archives takes twice the time.
/// </summary>
internal sealed unsafe class Lzma2Decoder
{
    /// <summary>A chunk decodes to at most this much (a size of 21 bits).</summary>
    private const int MaxChunkLength = 2 << 20;

    /// <summary>How much is decoded between two moves of the window, so that moving costs less than decoding.</summary>
    private const int MinSlide = 8 << 20;

    /// <summary>A chunk with its header is at most this long (a size of 16 bits).</summary>
    public const int MaxEncodedLength = (1 << 16) + 6;

    private const uint TopValue = 1 << 24;
    private const int ModelBits = 11;
    private const int MoveBits = 5;
    private const int RangeHeaderLength = 5;
    private const int MinMatchLength = 2;

    private readonly int _dictionarySize;
    private readonly byte[] _window;
    private readonly ushort[] _probabilities = new ushort[Place.Count];
    private readonly uint[] _distances = new uint[4];

    /// <summary>Bytes in the window.</summary>
    private int _position;

    /// <summary>Bytes decoded since the dictionary was reset: what distances may reach back to, and what positions count from.</summary>
    private long _processed;

    private bool _needsDictionaryReset = true;
    private bool _needsProperties = true;
    private int _state;
    private int _literalContextBits;
    private uint _literalPositionMask;
    private uint _positionMask;

    /// <param name="dictionarySize">How far distances reach, in bytes; so much is allocated.</param>
    public Lzma2Decoder(int dictionarySize)
    {
        _dictionarySize = dictionarySize;
        _window = GC.AllocateUninitializedArray<byte>(dictionarySize + Math.Max(MaxChunkLength, Math.Min(dictionarySize, MinSlide)));
    }

    /// <summary>Decodes the chunks at the start of <paramref name="input"/> up to their end mark and returns their length in bytes.</summary>
    /// <param name="input">Starts with a chunk's control byte.</param>
    /// <param name="dictionarySize">How far distances reach, in bytes; so much is allocated.</param>
    /// <param name="sink">Takes what is decoded, in order.</param>
    /// <exception cref="InvalidDataException">The data is damaged or ends early.</exception>
    public static int Decode(ReadOnlySpan<byte> input, int dictionarySize, ContentSink sink)
    {
        var decoder = new Lzma2Decoder(dictionarySize);
        var offset = 0;
        while (decoder.Decode(input[offset..], sink) is var length and > 0)
        {
            offset += length;
        }

        return offset + 1;
    }

    /// <summary>Decodes the one chunk at the start of <paramref name="input"/>, which may go on behind it.</summary>
    /// <returns>The chunk's length in bytes, at most <see cref="MaxEncodedLength"/>; 0 at the end mark, which takes one byte.</returns>
    /// <exception cref="InvalidDataException">The data is damaged or ends early.</exception>
    public int Decode(ReadOnlySpan<byte> input, ContentSink sink)
    {
        var control = At(input, 0);
        if (control == 0)
        {
            return 0;
        }

        // 1 and 2 are stored chunks, 1 with a new dictionary; 0x80 and up are compressed, bits 5 and 6 tell what is reset.
        var isCompressed = control >= 0x80;
        if (control is 1 or >= 0xE0)
        {
            _position = 0;
            _processed = 0;
            _needsDictionaryReset = false;
            _needsProperties = true;
        }
        else if (_needsDictionaryReset || (!isCompressed && control > 2))
        {
            throw Damaged();
        }

        var length = ((isCompressed ? (control & 0x1F) << 16 : 0) | (At(input, 1) << 8) | At(input, 2)) + 1;
        MakeRoom(length);
        if (!isCompressed)
        {
            Require(input, 3, length);
            input.Slice(3, length).CopyTo(_window.AsSpan(_position));
            Emit(length, sink);
            return 3 + length;
        }

        var compressedLength = ((At(input, 3) << 8) | At(input, 4)) + 1;
        var offset = 5;
        if (control >= 0xC0)
        {
            SetProperties(At(input, offset++));
            _needsProperties = false;
        }
        else if (_needsProperties)
        {
            throw Damaged();
        }

        if (control >= 0xA0)
        {
            ResetState();
        }

        Require(input, offset, compressedLength);
        DecodeChunk(input.Slice(offset, compressedLength), length);
        Emit(length, sink);
        return offset + compressedLength;
    }

    private void MakeRoom(int length)
    {
        if (length > _window.Length - _position)
        {
            var kept = Math.Min(_position, _dictionarySize);
            Buffer.BlockCopy(_window, _position - kept, _window, 0, kept);
            _position = kept;
        }
    }

    private void Emit(int length, ContentSink sink)
    {
        sink(_window.AsSpan(_position, length));
        _position += length;
        _processed += length;
    }

    private void SetProperties(int properties)
    {
        const int Combinations = 9 * 5 * 5;
        var literalContext = properties % 9;
        var literalPosition = properties / 9 % 5;
        if (properties >= Combinations || literalContext + literalPosition > 4)
        {
            throw Damaged();
        }

        _literalContextBits = literalContext;
        _literalPositionMask = (1u << literalPosition) - 1;
        _positionMask = (1u << (properties / 45)) - 1;
    }

    private void ResetState()
    {
        _state = 0;
        _distances.AsSpan().Clear();
        _probabilities.AsSpan().Fill(Place.Initial);
    }

    /// <summary>One compressed chunk. The range decoder starts anew with each; matches do not reach over its end.</summary>
    private void DecodeChunk(ReadOnlySpan<byte> chunk, int length)
    {
        if (chunk.Length < RangeHeaderLength || chunk[0] != 0)
        {
            throw Damaged();
        }

        var code = BinaryPrimitives.ReadUInt32BigEndian(chunk[1..]);
        var range = uint.MaxValue;
        fixed (byte* first = chunk, window = _window)
        fixed (ushort* probabilities = _probabilities)
        {
            var input = first + RangeHeaderLength;
            var inputEnd = first + chunk.Length;
            var output = window + _position;
            var outputEnd = output + length;
            // Positions count from the last reset of the dictionary; adding this to a pointer gives them, as far as the masks need.
            var positionOffset = (uint)_processed - (uint)(nuint)output;
            // How far back there is something, seen from the start of this chunk.
            var history = output - Math.Min(_processed, _dictionarySize);
            var state = _state;
            var rep0 = _distances[0];
            var rep1 = _distances[1];
            var rep2 = _distances[2];
            var rep3 = _distances[3];
            while (output < outputEnd)
            {
                var position = (uint)(nuint)output + positionOffset;
                var positionState = (int)(position & _positionMask);
                if (Bit(probabilities + Place.IsMatch + (state << 4) + positionState, ref range, ref code, ref input, inputEnd) == 0)
                {
                    var previous = output > history ? output[-1] : 0u;
                    var context = ((position & _literalPositionMask) << _literalContextBits) + (previous >> (8 - _literalContextBits));
                    var literal = probabilities + Place.Literal + (Place.LiteralSize * (int)context);
                    var symbol = 1u;
                    if (state >= 7)
                    {
                        // After a match the byte at the last distance is a good guess: its bits choose the probabilities while they agree.
                        var matched = (uint)output[-(long)rep0 - 1];
                        var offset = 0x100u;
                        do
                        {
                            matched <<= 1;
                            var expected = matched & offset;
                            var bit = Bit(literal + offset + expected + symbol, ref range, ref code, ref input, inputEnd);
                            symbol = (symbol << 1) | bit;
                            offset &= bit == 0 ? ~matched : matched;
                        }
                        while (symbol < 0x100);
                    }
                    else
                    {
                        do
                        {
                            symbol = (symbol << 1) | Bit(literal + symbol, ref range, ref code, ref input, inputEnd);
                        }
                        while (symbol < 0x100);
                    }

                    *output++ = (byte)symbol;
                    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
                    continue;
                }

                int matchLength;
                if (Bit(probabilities + Place.IsRep + state, ref range, ref code, ref input, inputEnd) == 0)
                {
                    rep3 = rep2;
                    rep2 = rep1;
                    rep1 = rep0;
                    matchLength = Length(probabilities + Place.Length, positionState, ref range, ref code, ref input, inputEnd);
                    rep0 = Distance(probabilities, matchLength, ref range, ref code, ref input, inputEnd);
                    state = state < 7 ? 7 : 10;
                }
                else if (Bit(probabilities + Place.IsRepG0 + state, ref range, ref code, ref input, inputEnd) == 0)
                {
                    if (Bit(probabilities + Place.IsRep0Long + (state << 4) + positionState, ref range, ref code, ref input, inputEnd) == 0)
                    {
                        matchLength = 1;
                        state = state < 7 ? 9 : 11;
                    }
                    else
                    {
                        matchLength = Length(probabilities + Place.RepLength, positionState, ref range, ref code, ref input, inputEnd);
                        state = state < 7 ? 8 : 11;
                    }
                }
                else
                {
                    uint distance;
                    if (Bit(probabilities + Place.IsRepG1 + state, ref range, ref code, ref input, inputEnd) == 0)
                    {
                        distance = rep1;
                    }
                    else
                    {
                        if (Bit(probabilities + Place.IsRepG2 + state, ref range, ref code, ref input, inputEnd) == 0)
                        {
                            distance = rep2;
                        }
                        else
                        {
                            distance = rep3;
                            rep3 = rep2;
                        }

                        rep2 = rep1;
                    }

                    rep1 = rep0;
                    rep0 = distance;
                    matchLength = Length(probabilities + Place.RepLength, positionState, ref range, ref code, ref input, inputEnd);
                    state = state < 7 ? 8 : 11;
                }

                if (rep0 >= output - history || rep0 >= (uint)_dictionarySize || matchLength > outputEnd - output)
                {
                    throw Damaged();
                }

                Copy(output, rep0 + 1, matchLength);
                output += matchLength;
            }

            Normalise(ref range, ref code, ref input, inputEnd);
            _state = state;
            _distances[0] = rep0;
            _distances[1] = rep1;
            _distances[2] = rep2;
            _distances[3] = rep3;
            if (input != inputEnd || code != 0)
            {
                throw Damaged();
            }
        }
    }

    /// <summary>Copies from <paramref name="distance"/> bytes back; where the two overlap, what was just copied is repeated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(byte* output, uint distance, int length)
    {
        var source = output - distance;
        if (distance >= length)
        {
            Unsafe.CopyBlockUnaligned(output, source, (uint)length);
            return;
        }

        for (var i = 0; i < length; i++)
        {
            output[i] = source[i];
        }
    }

    private static int Length(ushort* coder, int positionState, ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        if (Bit(coder + Place.LengthCoder.Choice, ref range, ref code, ref input, inputEnd) == 0)
        {
            return MinMatchLength + Tree(coder + Place.LengthCoder.Low + (positionState << 3), 3, ref range, ref code, ref input, inputEnd);
        }

        return Bit(coder + Place.LengthCoder.Choice2, ref range, ref code, ref input, inputEnd) == 0
            ? MinMatchLength + 8 + Tree(coder + Place.LengthCoder.Middle + (positionState << 3), 3, ref range, ref code, ref input, inputEnd)
            : MinMatchLength + 16 + Tree(coder + Place.LengthCoder.High, 8, ref range, ref code, ref input, inputEnd);
    }

    private static uint Distance(ushort* probabilities, int matchLength, ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        const int FirstModelled = 4;
        const int EndModelled = 14;
        var lengthState = Math.Min(matchLength - MinMatchLength, Place.LengthToPositionStates - 1);
        var slot = Tree(probabilities + Place.PositionSlot + (lengthState << 6), 6, ref range, ref code, ref input, inputEnd);
        if (slot < FirstModelled)
        {
            return (uint)slot;
        }

        var bits = (slot >> 1) - 1;
        var distance = (2u | ((uint)slot & 1)) << bits;
        if (slot < EndModelled)
        {
            return distance + ReverseTree(probabilities + Place.PositionSpecial + distance - (uint)slot, bits, ref range, ref code, ref input, inputEnd);
        }

        var direct = 0u;
        for (var i = bits - Place.AlignBits; i > 0; i--)
        {
            Normalise(ref range, ref code, ref input, inputEnd);
            range >>= 1;
            code -= range;
            var mask = 0u - (code >> 31);
            code += range & mask;
            direct = (direct << 1) + (mask + 1);
        }

        return distance + (direct << Place.AlignBits) + ReverseTree(probabilities + Place.Align, Place.AlignBits, ref range, ref code, ref input, inputEnd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Tree(ushort* tree, int bits, ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        var symbol = 1u;
        for (var i = 0; i < bits; i++)
        {
            symbol = (symbol << 1) | Bit(tree + symbol, ref range, ref code, ref input, inputEnd);
        }

        return (int)symbol - (1 << bits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ReverseTree(ushort* tree, int bits, ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        var symbol = 1u;
        var result = 0u;
        for (var i = 0; i < bits; i++)
        {
            var bit = Bit(tree + symbol, ref range, ref code, ref input, inputEnd);
            symbol = (symbol << 1) | bit;
            result |= bit << i;
        }

        return result;
    }

    /// <summary>One bit by its probability, which adapts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Bit(ushort* probability, ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        Normalise(ref range, ref code, ref input, inputEnd);
        var value = (uint)*probability;
        var bound = (range >> ModelBits) * value;
        if (code < bound)
        {
            range = bound;
            *probability = (ushort)(value + (((1 << ModelBits) - value) >> MoveBits));
            return 0;
        }

        range -= bound;
        code -= bound;
        *probability = (ushort)(value - (value >> MoveBits));
        return 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Normalise(ref uint range, ref uint code, ref byte* input, byte* inputEnd)
    {
        if (range < TopValue)
        {
            if (input == inputEnd)
            {
                ThrowDamaged();
            }

            range <<= 8;
            code = (code << 8) | *input++;
        }
    }

    private static void Require(ReadOnlySpan<byte> input, int offset, int length)
    {
        if (length > input.Length - offset)
        {
            throw new InvalidDataException("it ends early");
        }
    }

    private static byte At(ReadOnlySpan<byte> input, int offset) =>
        (uint)offset < (uint)input.Length ? input[offset] : throw new InvalidDataException("it ends early");

    private static void ThrowDamaged() => throw Damaged();

    private static InvalidDataException Damaged() => new("its LZMA2 data is damaged");
}
