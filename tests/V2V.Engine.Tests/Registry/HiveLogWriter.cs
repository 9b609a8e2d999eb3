using System.Buffers.Binary;
using System.Numerics;

namespace V2V.Engine.Tests.Registry;

/// <summary>Writes transaction logs as Windows leaves them, by the format's description and sharing no code with the engine.</summary>
internal static class HiveLogWriter
{
    private const int Page = 4096;

    /// <summary>A hive whose last write was cut off: the base block of <paramref name="after"/>, and of its pages only some.</summary>
    internal static byte[] Dirty(byte[] before, byte[] after, uint sequence, Func<int, bool> isWritten)
    {
        var hive = (byte[])before.Clone();
        after.AsSpan(0, Page).CopyTo(hive);
        HiveImage.U32(hive, 4, sequence + 1);
        HiveImage.U32(hive, 8, sequence);

        // Before the file grew.
        HiveImage.Seal(hive);
        foreach (var page in ChangedPages(before, after).Where(isWritten))
        {
            if (hive.Length < (page + 1) * Page)
            {
                Array.Resize(ref hive, (page + 1) * Page);
            }

            after.AsSpan(page * Page, Page).CopyTo(hive.AsSpan(page * Page));
        }

        return hive;
    }

    /// <summary>A log of changed sectors (Windows XP to 8).</summary>
    /// <param name="before">The hive before.</param>
    /// <param name="after">The hive as it was to become.</param>
    /// <param name="sequence">Both sequence numbers.</param>
    /// <param name="clusteringFactor">Sectors of 512 bytes that everything is aligned to.</param>
    /// <param name="singleSectors">Marks the changed sectors only, as Windows 2000 does, and not whole pages.</param>
    internal static byte[] Sectors(byte[] before, byte[] after, uint sequence, int clusteringFactor = 1, bool singleSectors = false)
    {
        var sector = 512 * clusteringFactor;
        var size = (int)HiveImage.U32(after, 40);
        var log = new MemoryStream();
        log.Write(BaseBlock(after, sequence, 1, sector, clusteringFactor));
        log.Write("DIRT"u8);
        var bits = new byte[size / 512 / 8];
        var content = new MemoryStream();
        for (var i = 0; i < size / 512; i++)
        {
            var unit = singleSectors ? 512 : Page;
            var at = Page + (i * 512 / unit * unit);
            if (at + unit > before.Length || !before.AsSpan(at, unit).SequenceEqual(after.AsSpan(at, unit)))
            {
                bits[i / 8] |= (byte)(1 << (i % 8));
                content.Write(after, Page + (i * 512), 512);
            }
        }

        log.Write(bits);
        log.Write(new byte[((sector - (log.Length % sector)) % sector)]);
        log.Write(content.ToArray());

        // What an older, longer log left behind.
        log.Write(Enumerable.Repeat((byte)0xA5, 1536).ToArray());
        return log.ToArray();
    }

    /// <summary>The beginning of a log of entries (Windows 8.1 and later).</summary>
    internal static byte[] EntryLog(byte[] hive, uint sequence, params byte[][] entries) =>
        [.. BaseBlock(hive, sequence, 6, 512, 1), .. entries.SelectMany(e => e)];

    /// <summary>An entry with the pages that differ, neighbours in one piece.</summary>
    internal static byte[] Entry(byte[] before, byte[] after, uint sequence, uint flags = 0)
    {
        var runs = new List<(int First, int Count)>();
        foreach (var page in ChangedPages(before, after))
        {
            if (runs.Count > 0 && runs[^1].First + runs[^1].Count == page)
            {
                runs[^1] = (runs[^1].First, runs[^1].Count + 1);
            }
            else
            {
                runs.Add((page, 1));
            }
        }

        var entry = new byte[(40 + runs.Sum(r => 8 + (r.Count * Page)) + 511) / 512 * 512];
        "HvLE"u8.CopyTo(entry);
        HiveImage.U32(entry, 4, (uint)entry.Length);
        HiveImage.U32(entry, 8, flags);
        HiveImage.U32(entry, 12, sequence);
        HiveImage.U32(entry, 16, HiveImage.U32(after, 40));
        HiveImage.U32(entry, 20, (uint)runs.Count);
        var reference = 40;
        var at = 40 + (runs.Count * 8);
        foreach (var (first, count) in runs)
        {
            HiveImage.U32(entry, reference, (uint)((first - 1) * Page));
            HiveImage.U32(entry, reference + 4, (uint)(count * Page));
            after.AsSpan(first * Page, count * Page).CopyTo(entry.AsSpan(at));
            reference += 8;
            at += count * Page;
        }

        HiveImage.U64(entry, 24, Marvin(entry.AsSpan(40)));
        HiveImage.U64(entry, 32, Marvin(entry.AsSpan(0, 32)));
        return entry;
    }

    /// <summary>Marvin32 over a multiple of four bytes.</summary>
    internal static ulong Marvin(ReadOnlySpan<byte> data)
    {
        var state = 0x82EF4D887A4E55C5;
        for (; data.Length > 0; data = data[4..])
        {
            state = Mix(state, BinaryPrimitives.ReadUInt32LittleEndian(data));
        }

        return Mix(Mix(state, 0x80), 0);
    }

    private static ulong Mix(ulong state, uint value)
    {
        var (low, high) = (unchecked((uint)state + value), (uint)(state >> 32));
        high ^= low;
        low = unchecked(BitOperations.RotateLeft(low, 20) + high);
        high = BitOperations.RotateLeft(high, 9) ^ low;
        low = unchecked(BitOperations.RotateLeft(low, 27) + high);
        return ((ulong)BitOperations.RotateLeft(high, 19) << 32) | low;
    }

    private static byte[] BaseBlock(byte[] hive, uint sequence, uint type, int length, int clusteringFactor)
    {
        var block = hive[..Page];
        HiveImage.U32(block, 4, sequence);
        HiveImage.U32(block, 8, sequence);
        HiveImage.U32(block, 28, type);
        HiveImage.U32(block, 44, (uint)clusteringFactor);
        HiveImage.Seal(block);
        return block[..length];
    }

    /// <summary>Numbers of pages of the file behind the base block.</summary>
    private static IEnumerable<int> ChangedPages(byte[] before, byte[] after)
    {
        for (var page = 1; page < after.Length / Page; page++)
        {
            if (before.Length < (page + 1) * Page || !before.AsSpan(page * Page, Page).SequenceEqual(after.AsSpan(page * Page, Page)))
            {
                yield return page;
            }
        }
    }
}
