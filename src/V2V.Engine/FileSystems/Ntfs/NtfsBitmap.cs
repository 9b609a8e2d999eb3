using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>A bit for each cluster of the volume, or for each record of the MFT; set when it is in use.</summary>
/// <param name="volume">The volume.</param>
/// <param name="attribute">The non-resident attribute that holds the bits.</param>
/// <param name="name">For messages: "$Bitmap".</param>
/// <param name="count">Bits that count.</param>
internal sealed class NtfsBitmap(NtfsVolume volume, NtfsAttribute attribute, string name, long count)
{
    /// <summary>Bytes that are scanned at once.</summary>
    private const int ChunkSize = 64 << 10;

    private readonly NtfsPagedStream _stream = new(volume, attribute);

    /// <summary>The runs of clear bits between two positions, in order; the last one is cut at <paramref name="end"/>.</summary>
    public IEnumerable<NtfsFreeRun> FreeRuns(long start, long end)
    {
        end = Math.Min(end, count);
        var chunk = new byte[ChunkSize];
        long runStart = -1;
        for (var offset = start / 64 * 8; offset * 8 < end; offset += ChunkSize)
        {
            var length = (int)Math.Min(ChunkSize, Math.Min(attribute.InitializedSize, ((end + 63) / 64) * 8) - offset);
            if (length <= 0)
            {
                throw NtfsErrors.Corrupt($"{name} has {attribute.InitializedSize} bytes, too few for {count} bits.");
            }

            _stream.Peek(offset, chunk.AsSpan(0, length));
            chunk.AsSpan(length).Fill(byte.MaxValue);
            for (var i = 0; i < ChunkSize && i < length; i += 8)
            {
                // Without what stands before the start.
                var position = (offset + i) * 8;
                var word = BinaryPrimitives.ReadUInt64LittleEndian(chunk.AsSpan(i));
                word |= position < start ? (1UL << (int)(start - position)) - 1 : 0;
                if (runStart < 0 && word == ulong.MaxValue)
                {
                    continue;
                }

                for (var bit = 0; bit < 64;)
                {
                    if (runStart < 0)
                    {
                        var clear = BitOperations.TrailingZeroCount(~word >> bit);
                        bit += clear;
                        if (bit < 64)
                        {
                            runStart = position + bit;
                        }
                    }
                    else
                    {
                        var set = BitOperations.TrailingZeroCount(word >> bit);
                        bit = Math.Min(64, bit + set);
                        if (bit < 64)
                        {
                            if (Cut(runStart, position + bit, end) is { } run)
                            {
                                yield return run;
                            }

                            runStart = -1;
                        }
                    }
                }
            }
        }

        if (runStart >= 0 && Cut(runStart, end, end) is { } last)
        {
            yield return last;
        }
    }

    /// <summary>Sets or clears bits that must all be the other way before.</summary>
    /// <exception cref="GuestFileSystemException">One is not, so the bitmap contradicts what uses it.</exception>
    public void Set(long start, long length, bool isUsed)
    {
        if (start < 0 || length > count - start)
        {
            throw NtfsErrors.Corrupt($"{start}+{length} is not in {name}, which has {count} bits.");
        }

        var end = start + length;
        while (start < end)
        {
            var page = _stream.ChangePage(start / 8);
            var pageEnd = ((start / 8 / _stream.PageSize) + 1) * _stream.PageSize * 8;
            for (var stop = Math.Min(end, pageEnd); start < stop;)
            {
                var at = (int)(start / 8 % _stream.PageSize);
                var bits = (int)Math.Min(8 - (start % 8), stop - start);
                var mask = (byte)(((1 << bits) - 1) << (int)(start % 8));
                if ((page.Data[at] & mask) != (isUsed ? 0 : mask))
                {
                    throw NtfsErrors.Corrupt($"{name} says that bit {start} is {(isUsed ? "in use" : "free")}, which contradicts the files.");
                }

                page.Data[at] ^= mask;
                start += bits;
            }
        }
    }

    private static NtfsFreeRun? Cut(long start, long stop, long end) =>
        Math.Min(stop, end) is var cut && cut > start ? new NtfsFreeRun(start, cut - start) : null;
}
