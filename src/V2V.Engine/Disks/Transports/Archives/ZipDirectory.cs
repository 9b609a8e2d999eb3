using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>A file in a zip archive.</summary>
/// <param name="Name">Its name, with '/' between folders.</param>
/// <param name="Header">Where its local header stands.</param>
/// <param name="StoredLength">Its length in the archive.</param>
/// <param name="Length">Its size.</param>
/// <param name="Method">How it is compressed (APPNOTE, section 4.4.5).</param>
/// <param name="Crc">CRC-32 of its content.</param>
/// <param name="IsEncrypted">Needs a password.</param>
internal sealed record ZipEntry(string Name, long Header, long StoredLength, long Length, int Method, uint Crc, bool IsEncrypted);

/// <summary>The central directory of a zip archive (PKWARE's APPNOTE 6.3.10, sections 4.3.12 to 4.3.16), also with 64-bit sizes.</summary>
internal static class ZipDirectory
{
    public const string Format = "zip";

    private const int MaximumEntries = 100_000;
    private const int MaximumLength = 64 << 20;
    private const int MaximumComment = ushort.MaxValue;

    private static class End
    {
        public const uint Signature = 0x06054B50;
        public const int Size = 22;
        public const int Disk = 4;
        public const int Count = 10;
        public const int Length = 12;
        public const int Offset = 16;
        public const int CommentLength = 20;
    }

    private static class End64
    {
        public const uint LocatorSignature = 0x07064B50;
        public const int LocatorSize = 20;
        public const int LocatorOffset = 8;
        public const int LocatorDisks = 16;
        public const uint Signature = 0x06064B50;
        public const int Size = 56;
        public const int Count = 32;
        public const int Length = 40;
        public const int Offset = 48;
    }

    private static class Field
    {
        public const uint Signature = 0x02014B50;
        public const int Size = 46;
        public const int MadeBy = 5;
        public const int Flags = 8;
        public const int Method = 10;
        public const int Crc = 16;
        public const int StoredLength = 20;
        public const int Length = 24;
        public const int NameLength = 28;
        public const int ExtraLength = 30;
        public const int CommentLength = 32;
        public const int Attributes = 38;
        public const int Header = 42;
        public const int Zip64Extra = 1;
    }

    /// <summary>The regular files, in the directory's order.</summary>
    /// <exception cref="DiskImageException">It is no zip archive, damaged, or in several parts.</exception>
    public static List<ZipEntry> Read(DiskFile file)
    {
        (long offset, long length, long count) = FindDirectory(file);
        if (offset < 0 || length is < 0 or > MaximumLength || count is < 0 or > MaximumEntries || offset > file.Length - length)
        {
            throw Damaged(file, offset, $"a directory of {length} bytes for {count} files at byte {offset} is not possible.");
        }

        byte[] directory = new byte[length];
        file.Read(offset, directory);
        var entries = new List<ZipEntry>();
        int position = 0;
        for (long i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> record = directory.AsSpan(position);
            if (record.Length < Field.Size || BinaryPrimitives.ReadUInt32LittleEndian(record) != Field.Signature)
            {
                throw Damaged(file, offset + position, $"entry {i} of the directory is not valid.");
            }

            int size = Field.Size + UInt16(record, Field.NameLength) + UInt16(record, Field.ExtraLength) + UInt16(record, Field.CommentLength);
            if (size > record.Length || ReadEntry(record[..size]) is not { } entry)
            {
                throw Damaged(file, offset + position, $"entry {i} of the directory is not valid.");
            }

            if (!IsSpecial(record, entry.Name))
            {
                entries.Add(entry);
            }

            position += size;
        }

        return entries;
    }

    public static DiskImageException Damaged(DiskFile file, long offset, string what) => new(
        V2VError.DiskImageCorrupt, $"The zip archive '{file.Path}' is damaged at byte {offset}: {what}")
    {
        Path = file.Path,
        Format = Format,
        Offset = offset,
        Advice = "Copy or download it again and compare its size with the original's.",
    };

    /// <summary>The end record stands at the end of the file, but for a comment.</summary>
    private static (long Offset, long Length, long Count) FindDirectory(DiskFile file)
    {
        int tail = (int)Math.Min(file.Length, End.Size + MaximumComment);
        byte[] buffer = new byte[tail];
        file.Read(file.Length - tail, buffer);
        for (int at = tail - End.Size; at >= 0; at--)
        {
            ReadOnlySpan<byte> end = buffer.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) == End.Signature && UInt16(end, End.CommentLength) == end.Length - End.Size)
            {
                long position = file.Length - tail + at;
                if (FindDirectory64(file, position) is { } large)
                {
                    return large;
                }

                if (UInt16(end, End.Disk) != 0)
                {
                    throw Split(file);
                }

                return (UInt32(end, End.Offset), UInt32(end, End.Length), UInt16(end, End.Count));
            }
        }

        throw Damaged(file, file.Length, "it has no directory at its end: it was cut short, or is a part of a split archive.");
    }

    private static (long Offset, long Length, long Count)? FindDirectory64(DiskFile file, long end)
    {
        byte[] locator = new byte[End64.LocatorSize];
        if (end < locator.Length)
        {
            return null;
        }

        file.Read(end - locator.Length, locator);
        if (UInt32(locator, 0) != End64.LocatorSignature)
        {
            return null;
        }

        if (UInt32(locator, End64.LocatorDisks) > 1)
        {
            throw Split(file);
        }

        byte[] record = new byte[End64.Size];
        long at = Int64(locator, End64.LocatorOffset);
        if (at < 0 || at > end - record.Length)
        {
            throw Damaged(file, end - locator.Length, "it leads to no 64-bit end record.");
        }

        file.Read(at, record);
        return UInt32(record, 0) == End64.Signature
            ? (Int64(record, End64.Offset), Int64(record, End64.Length), Int64(record, End64.Count))
            : throw Damaged(file, at, "there is no 64-bit end record.");
    }

    private static ZipEntry? ReadEntry(ReadOnlySpan<byte> record)
    {
        const int Encrypted = 1;
        const int Utf8 = 1 << 11;
        long length = UInt32(record, Field.Length);
        long storedLength = UInt32(record, Field.StoredLength);
        long header = UInt32(record, Field.Header);
        ReadOnlySpan<byte> name = record.Slice(Field.Size, UInt16(record, Field.NameLength));
        ReadOnlySpan<byte> extra = record.Slice(Field.Size + name.Length, UInt16(record, Field.ExtraLength));
        // Values that need 64 bits are all ones in the record, and stand in this order in an extra field.
        if ((length == uint.MaxValue || storedLength == uint.MaxValue || header == uint.MaxValue) && Extra(extra) is { } wide)
        {
            if (!TryWiden(ref length, ref wide) || !TryWiden(ref storedLength, ref wide) || !TryWiden(ref header, ref wide))
            {
                return null;
            }
        }

        int flags = UInt16(record, Field.Flags);
        var encoding = (flags & Utf8) != 0 || System.Text.Unicode.Utf8.IsValid(name) ? Encoding.UTF8 : Encoding.Latin1;
        string text = encoding.GetString(name).Replace('\\', '/');
        return new ZipEntry(
            text.StartsWith("./", StringComparison.Ordinal) ? text[2..] : text, header, storedLength, length, UInt16(record, Field.Method),
            UInt32(record, Field.Crc), (flags & Encrypted) != 0);
    }

    private static byte[]? Extra(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int size = UInt16(extra, 2);
            if (size > extra.Length - 4)
            {
                return null;
            }

            if (UInt16(extra, 0) == Field.Zip64Extra)
            {
                return extra.Slice(4, size).ToArray();
            }

            extra = extra[(4 + size)..];
        }

        return null;
    }

    private static bool TryWiden(ref long value, ref byte[] wide)
    {
        if (value != uint.MaxValue)
        {
            return true;
        }

        if (wide.Length < sizeof(long))
        {
            return false;
        }

        value = Int64(wide, 0);
        wide = wide[sizeof(long)..];
        return value >= 0;
    }

    /// <summary>Folders, and symbolic links as Unix programs store them.</summary>
    private static bool IsSpecial(ReadOnlySpan<byte> record, string name)
    {
        const byte MadeByUnix = 3;
        const uint FileType = 0xF000;
        const uint RegularFile = 0x8000;
        uint type = (UInt32(record, Field.Attributes) >> 16) & FileType;
        return name.Length == 0 || name.EndsWith('/') || (record[Field.MadeBy] == MadeByUnix && type != 0 && type != RegularFile);
    }

    private static DiskImageException Split(DiskFile file) => new(
        V2VError.DiskImageUnsupported, $"'{file.Path}' is one part of a zip archive that was split into several, which is not supported.")
    {
        Path = file.Path,
        Format = Format,
        Advice = "Unpack it with all of its parts, and give what is in it.",
    };

    private static ushort UInt16(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);

    private static uint UInt32(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    private static long Int64(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadInt64LittleEndian(data[offset..]);
}
