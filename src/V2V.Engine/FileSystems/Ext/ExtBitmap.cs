using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>Bit runs in a bitmap block; bit 0 is the lowest of the first byte. Block sizes are multiples of eight bytes.</summary>
internal static class ExtBitmap
{
    private const int WordBits = 64;

    /// <summary>The first clear bit from <paramref name="from"/> on, or <paramref name="limit"/> when there is none before it.</summary>
    public static int IndexOfClear(ReadOnlySpan<byte> bitmap, int from, int limit) => IndexOf(bitmap, from, limit, ulong.MaxValue);

    /// <summary>The first set bit from <paramref name="from"/> on, or <paramref name="limit"/> when there is none before it.</summary>
    public static int IndexOfSet(ReadOnlySpan<byte> bitmap, int from, int limit) => IndexOf(bitmap, from, limit, 0);

    public static bool IsSet(ReadOnlySpan<byte> bitmap, int bit) => (bitmap[bit >> 3] & (1 << (bit & 7))) != 0;

    public static void Set(Span<byte> bitmap, int from, int count)
    {
        for (var end = from + count; from < end;)
        {
            if ((from & 7) == 0 && end - from >= 8)
            {
                var bytes = (end - from) >> 3;
                bitmap.Slice(from >> 3, bytes).Fill(byte.MaxValue);
                from += bytes << 3;
            }
            else
            {
                bitmap[from >> 3] |= (byte)(1 << (from & 7));
                from++;
            }
        }
    }

    public static void Clear(Span<byte> bitmap, int from, int count)
    {
        for (var end = from + count; from < end;)
        {
            if ((from & 7) == 0 && end - from >= 8)
            {
                var bytes = (end - from) >> 3;
                bitmap.Slice(from >> 3, bytes).Clear();
                from += bytes << 3;
            }
            else
            {
                bitmap[from >> 3] &= (byte)~(1 << (from & 7));
                from++;
            }
        }
    }

    private static int IndexOf(ReadOnlySpan<byte> bitmap, int from, int limit, ulong flip)
    {
        while (from < limit)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bitmap[(from / WordBits * sizeof(ulong))..]) ^ flip;
            word &= ulong.MaxValue << (from % WordBits);
            if (word != 0)
            {
                return Math.Min(limit, (from / WordBits * WordBits) + BitOperations.TrailingZeroCount(word));
            }

            from = (from / WordBits * WordBits) + WordBits;
        }

        return limit;
    }
}
