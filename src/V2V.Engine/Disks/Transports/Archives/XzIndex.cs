using System.Buffers.Binary;
using V2V.Engine.IO;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A block of an .xz file, which is decoded without the others.</summary>
/// <param name="Start">Where its header stands in the file.</param>
/// <param name="StoredLength">Its length in the file, without the padding.</param>
/// <param name="Offset">Where its content stands in that of the whole file.</param>
/// <param name="Length">Size of its content.</param>
/// <param name="Check">Kind of checksum behind it (section 2.1.1.2).</param>
internal sealed record XzBlock(long Start, long StoredLength, long Offset, long Length, int Check);

/// <summary>
/// The indexes of an .xz file (specification 1.1.0): each of its streams ends with one that tells the sizes of its blocks. Streams stand one
/// behind the other, with zeros between them, and are found from the end.
/// </summary>
internal static class XzIndex
{
    public const string Format = "xz";

    private const int HeaderLength = 12;
    private const int PaddingUnit = 4;
    private const int PaddingBlock = 4096;
    private const int FooterLength = 12;
    private const int MaximumIndexLength = 64 << 20;
    private const int MaximumBlocks = 4 << 20;

    private static ReadOnlySpan<byte> HeaderMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    /// <exception cref="DiskImageException">The file is damaged.</exception>
    public static List<XzBlock> Read(DiskFile file)
    {
        var sizes = new List<(long Start, long StoredLength, long Length, int Check)>();
        for (long end = SkipPadding(file, file.Length); end > 0; end = SkipPadding(file, end))
        {
            end = ReadStream(file, end, sizes);
        }

        if (sizes.Count > MaximumBlocks)
        {
            throw Damaged(file, 0, $"it has more than {MaximumBlocks} blocks.");
        }

        // The last came first.
        sizes.Reverse();
        var blocks = new List<XzBlock>(sizes.Count);
        long offset = 0;
        foreach ((long start, long storedLength, long length, int check) in sizes.Where(s => s.Length > 0))
        {
            blocks.Add(new XzBlock(start, storedLength, offset, length, check));
            offset = length <= long.MaxValue - offset ? offset + length : throw Damaged(file, start, "its blocks have impossible sizes.");
        }

        return blocks;
    }

    public static DiskImageException Damaged(DiskFile file, long offset, string what) => new(
        V2VError.DiskImageCorrupt, $"The xz data of '{file.Path}' is damaged at byte {offset}: {what}")
    {
        Path = file.Path,
        Format = Format,
        Offset = offset,
        Advice = "The file is probably cut short or damaged: copy it again and compare its size and checksum with the original's.",
    };

    /// <summary>Section 1.2: seven bits a byte, the lowest first, at most nine bytes.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> data, ref int offset, out long value)
    {
        const int MaximumLength = 9;
        value = 0;
        for (int i = 0; i < MaximumLength && offset < data.Length; i++)
        {
            byte next = data[offset++];
            value |= (long)(next & 0x7F) << (7 * i);
            if ((next & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Section 2.2: zeros, a multiple of four.</summary>
    private static long SkipPadding(DiskFile file, long end)
    {
        byte[] block = new byte[PaddingBlock];
        while (end >= PaddingUnit)
        {
            // Only whole words count, from the end on.
            int count = (int)Math.Min(block.Length, end) & -PaddingUnit;
            file.Read(end - count, block.AsSpan(0, count));
            int last = block.AsSpan(0, count).LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
            {
                return end - count + ((last / PaddingUnit) + 1) * PaddingUnit;
            }

            end -= count;
        }

        return end;
    }

    /// <summary>Reads the index of the stream that ends at <paramref name="end"/>, the last block first, and returns where the stream starts.</summary>
    private static long ReadStream(DiskFile file, long end, List<(long Start, long StoredLength, long Length, int Check)> sizes)
    {
        byte[] footer = new byte[FooterLength];
        if (end < HeaderLength + FooterLength)
        {
            throw Damaged(file, end, "no stream ends there.");
        }

        file.Read(end - FooterLength, footer);
        long indexLength = (BinaryPrimitives.ReadUInt32LittleEndian(footer.AsSpan(4)) + 1L) * 4;
        if (footer is not [.., (byte)'Y', (byte)'Z'] || Crc32.Append(0, footer.AsSpan(4, 6)) != BinaryPrimitives.ReadUInt32LittleEndian(footer))
        {
            throw Damaged(file, end - FooterLength, "there is no end of an xz stream: it was cut short, or something was appended to it.");
        }

        long indexStart = end - FooterLength - indexLength;
        if (indexLength > MaximumIndexLength || indexStart < HeaderLength)
        {
            throw Damaged(file, end - FooterLength, $"an index of {indexLength} bytes is not possible.");
        }

        byte[] index = new byte[indexLength];
        file.Read(indexStart, index);
        var records = Records(index) ?? throw Damaged(file, indexStart, "the index is not valid.");
        long start = indexStart;
        for (int i = records.Count - 1; i >= 0; i--)
        {
            (long storedLength, long length) = records[i];
            // The padded length of a block cannot overflow: it was checked against the file's.
            if (storedLength > start - HeaderLength)
            {
                throw Damaged(file, indexStart, "the index speaks of more than there is.");
            }

            start -= (storedLength + 3) & ~3L;
            sizes.Add((start, storedLength, length, footer[9] & 0x0F));
        }

        byte[] header = new byte[HeaderLength];
        start -= HeaderLength;
        if (start < 0)
        {
            throw Damaged(file, indexStart, "the index speaks of more than there is.");
        }

        file.Read(start, header);
        return header.AsSpan().StartsWith(HeaderMagic) && header.AsSpan(6, 2).SequenceEqual(footer.AsSpan(8, 2))
            && Crc32.Append(0, header.AsSpan(6, 2)) == BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8))
            ? start
            : throw Damaged(file, start, "there is no xz header where the index says that the stream starts.");
    }

    /// <summary>Section 4; null when it is not valid.</summary>
    private static List<(long StoredLength, long Length)>? Records(ReadOnlySpan<byte> index)
    {
        int offset = 1;
        ReadOnlySpan<byte> content = index[..^4];
        if (index[0] != 0 || Crc32.Append(0, content) != BinaryPrimitives.ReadUInt32LittleEndian(index[^4..])
            || !TryReadNumber(content, ref offset, out long count) || count > content.Length)
        {
            return null;
        }

        var records = new List<(long, long)>((int)count);
        for (long i = 0; i < count; i++)
        {
            if (!TryReadNumber(content, ref offset, out long storedLength) || !TryReadNumber(content, ref offset, out long length) || storedLength == 0)
            {
                return null;
            }

            records.Add((storedLength, length));
        }

        return records;
    }
}
