using System.Buffers.Binary;
using System.Text;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>One 512-byte header of a tar archive: ustar with the GNU extensions (POSIX.1-2001 pax; GNU tar manual, "Basic Tar Format").</summary>
internal readonly record struct TarHeader(string Name, long Size, byte Type)
{
    public const int BlockSize = 512;

    private static class Field
    {
        public const int Name = 0;
        public const int NameLength = 100;
        public const int Size = 124;
        public const int SizeLength = 12;
        public const int Checksum = 148;
        public const int ChecksumLength = 8;
        public const int Type = 156;
        public const int Magic = 257;
        public const int Prefix = 345;
        public const int PrefixLength = 155;
    }

    public const byte RegularFile = (byte)'0';
    public const byte OldRegularFile = 0;
    public const byte ContiguousFile = (byte)'7';
    public const byte GnuLongName = (byte)'L';
    public const byte GnuLongLink = (byte)'K';
    public const byte GnuSparse = (byte)'S';
    public const byte PaxLocal = (byte)'x';
    public const byte PaxGlobal = (byte)'g';

    public bool IsFile => Type is RegularFile or OldRegularFile or ContiguousFile;

    /// <summary>Links, directories and devices have no data whatever their size says.</summary>
    public bool HasData => Type is < (byte)'1' or > (byte)'6';

    public static bool IsEndOfArchive(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);

    /// <summary>False when the block's checksum or size says that it is no tar header.</summary>
    public static bool TryParse(ReadOnlySpan<byte> block, out TarHeader header)
    {
        header = default;
        if (!ChecksumMatches(block) || !TryNumber(block.Slice(Field.Size, Field.SizeLength), out long size))
        {
            return false;
        }

        string name = Text(block.Slice(Field.Name, Field.NameLength));
        // Only POSIX ustar ("ustar\0") has a prefix there; GNU ("ustar  ") keeps times and sparse maps in it.
        if (block.Slice(Field.Magic, 6).SequenceEqual("ustar\0"u8) && block[Field.Prefix] != 0)
        {
            name = $"{Text(block.Slice(Field.Prefix, Field.PrefixLength))}/{name}";
        }

        header = new TarHeader(name, size, block[Field.Type]);
        return true;
    }

    public static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private static bool ChecksumMatches(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> field = block.Slice(Field.Checksum, Field.ChecksumLength);
        if (!TryNumber(field, out long expected))
        {
            return false;
        }

        // The checksum field itself counts as blanks. Some old writers summed signed bytes.
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BlockSize; i++)
        {
            byte b = i is >= Field.Checksum and < Field.Checksum + Field.ChecksumLength ? (byte)' ' : block[i];
            unsigned += b;
            signed += (sbyte)b;
        }

        return expected == unsigned || expected == signed;
    }

    /// <summary>Octal digits, or GNU's big-endian binary when the first bit is set (sizes from 8 GiB on).</summary>
    private static bool TryNumber(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if ((field[0] & 0x80) != 0)
        {
            // Of the 12 bytes only the last 8 can count; a set bit before them is a size that no file has, or a negative one.
            if (field.Length < 12 || field[0] != 0x80 || field[1..4].ContainsAnyExcept((byte)0))
            {
                return false;
            }

            value = BinaryPrimitives.ReadInt64BigEndian(field[4..]);
            return value >= 0;
        }

        ReadOnlySpan<byte> digits = field.Trim(" \0"u8);
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }
}
