using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>A record of a directory block (Documentation/filesystems/ext4/directory.rst, ext4_dir_entry_2), without the name.</summary>
/// <param name="Offset">Where it starts in its block.</param>
/// <param name="Inode">0 for an unused record.</param>
/// <param name="RecordLength">Bytes up to the next record.</param>
/// <param name="NameLength">Bytes of the name.</param>
/// <param name="FileType">Type of the file, 0 where the file system does not keep it.</param>
internal readonly record struct ExtDirectoryEntry(int Offset, uint Inode, int RecordLength, int NameLength, byte FileType)
{
    /// <summary>Bytes before the name.</summary>
    public const int HeaderSize = 8;

    public const int MaxNameLength = 255;

    /// <summary>What a record of 65536 bytes has in its 16 bits.</summary>
    private const ushort WholeBlock64K = ushort.MaxValue;

    private static class Offsets
    {
        public const int Inode = 0;
        public const int RecordLength = 4;
        public const int NameLength = 6;
        public const int FileType = 7;
    }

    public int End => Offset + RecordLength;

    public int NameOffset => Offset + HeaderSize;

    /// <summary>Bytes that the record needs; the others are free space.</summary>
    public int UsedLength => Inode == 0 ? 0 : SizeFor(NameLength);

    public bool IsDotOrDotDot(ReadOnlySpan<byte> data) =>
        NameLength is 1 or 2 && data[NameOffset] == '.' && (NameLength == 1 || data[NameOffset + 1] == '.');

    /// <summary>Size of a record for a name: a multiple of four.</summary>
    public static int SizeFor(int nameLength) => (HeaderSize + nameLength + 3) & ~3;

    /// <summary>Reads the record at <paramref name="offset"/>, or returns false when it does not fit before <paramref name="end"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> data, int offset, int end, out ExtDirectoryEntry entry)
    {
        entry = default;
        if (offset > end - HeaderSize)
        {
            return false;
        }

        var raw = data[offset..];
        var length = (int)BinaryPrimitives.ReadUInt16LittleEndian(raw[Offsets.RecordLength..]);
        if (length is WholeBlock64K or 0 && data.Length == 1 << 16)
        {
            length = data.Length;
        }

        entry = new ExtDirectoryEntry(
            offset, BinaryPrimitives.ReadUInt32LittleEndian(raw[Offsets.Inode..]), length, raw[Offsets.NameLength], raw[Offsets.FileType]);
        return length >= SizeFor(1) && length % 4 == 0 && length <= end - offset && HeaderSize + entry.NameLength <= length
            && (entry.Inode == 0 || entry.NameLength > 0);
    }

    public static void Write(Span<byte> data, int offset, uint inode, int recordLength, ReadOnlySpan<byte> name, byte fileType)
    {
        var raw = data[offset..];
        BinaryPrimitives.WriteUInt32LittleEndian(raw[Offsets.Inode..], inode);
        SetRecordLength(data, offset, recordLength);
        raw[Offsets.NameLength] = (byte)name.Length;
        raw[Offsets.FileType] = fileType;
        name.CopyTo(raw[HeaderSize..]);
    }

    public static void SetRecordLength(Span<byte> data, int offset, int length) => BinaryPrimitives.WriteUInt16LittleEndian(
        data[(offset + Offsets.RecordLength)..], length == 1 << 16 ? WholeBlock64K : (ushort)length);

    public static void SetInode(Span<byte> data, int offset, uint inode) =>
        BinaryPrimitives.WriteUInt32LittleEndian(data[(offset + Offsets.Inode)..], inode);

    public static void SetFileType(Span<byte> data, int offset, byte fileType) => data[offset + Offsets.FileType] = fileType;
}
