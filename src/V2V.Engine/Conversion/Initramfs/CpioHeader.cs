using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The header of one entry of a "newc" archive, as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst describes it:
/// a magic number and thirteen fields of eight hexadecimal digits.
/// </summary>
internal readonly record struct CpioHeader
{
    public const int Size = 110;
    public const string TrailerName = "TRAILER!!!";

    private const int MagicLength = 6;
    private const int FieldLength = 8;

    /// <summary>Positions of the fields, in units of eight digits after the magic number.</summary>
    private static class Field
    {
        public const int Inode = 0;
        public const int Mode = 1;
        public const int UserId = 2;
        public const int GroupId = 3;
        public const int LinkCount = 4;
        public const int FileSize = 6;
        public const int DeviceMajor = 7;
        public const int DeviceMinor = 8;
        public const int SpecialMajor = 9;
        public const int SpecialMinor = 10;
        public const int NameSize = 11;
        public const int Checksum = 12;
        public const int Count = 13;
    }

    public uint Inode { get; init; }

    public uint Mode { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    public uint LinkCount { get; init; }

    public uint FileSize { get; init; }

    /// <summary>Device that the file was on, major number above minor: with <see cref="Inode"/> it identifies hard links.</summary>
    public ulong Device { get; init; }

    /// <summary>Device that a device node stands for, major number above minor.</summary>
    public ulong SpecialDevice { get; init; }

    /// <summary>Length of the name with its terminating zero.</summary>
    public uint NameSize { get; init; }

    /// <summary>Sum of the content's bytes; null in the variant without checksums.</summary>
    public uint? Checksum { get; init; }

    /// <exception cref="ConversionException">The magic number or a digit is wrong.</exception>
    public static CpioHeader Parse(ReadOnlySpan<byte> data, long offset)
    {
        var hasChecksum = data.StartsWith("070702"u8);
        if (!hasChecksum && !data.StartsWith("070701"u8))
        {
            throw InitramfsErrors.Malformed("no newc header where one should be", offset);
        }

        Span<uint> fields = stackalloc uint[Field.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            var digits = data.Slice(MagicLength + i * FieldLength, FieldLength);
            if (!Utf8Parser.TryParse(digits, out fields[i], out var used, 'x') || used != FieldLength)
            {
                throw InitramfsErrors.Malformed("a newc header has a field that is not hexadecimal", offset);
            }
        }

        return new CpioHeader
        {
            Inode = fields[Field.Inode],
            Mode = fields[Field.Mode],
            UserId = fields[Field.UserId],
            GroupId = fields[Field.GroupId],
            LinkCount = fields[Field.LinkCount],
            FileSize = fields[Field.FileSize],
            Device = (ulong)fields[Field.DeviceMajor] << 32 | fields[Field.DeviceMinor],
            SpecialDevice = (ulong)fields[Field.SpecialMajor] << 32 | fields[Field.SpecialMinor],
            NameSize = fields[Field.NameSize],
            Checksum = hasChecksum ? fields[Field.Checksum] : null,
        };
    }

    /// <summary>The header as bytes; its variant without checksums, device numbers zero.</summary>
    public byte[] ToBytes()
    {
        uint[] fields = [Inode, Mode, UserId, GroupId, LinkCount, 0, FileSize, 0, 0, 0, 0, NameSize, 0];
        var text = new StringBuilder("070701", Size);
        foreach (var field in fields)
        {
            text.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
