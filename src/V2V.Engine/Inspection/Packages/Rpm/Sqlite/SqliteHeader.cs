using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>The first 100 bytes of an SQLite database (SQLite file format, section 1.3). Numbers are big-endian in all of the file.</summary>
/// <param name="PageSize">Bytes of a page.</param>
/// <param name="UsableSize">Those that the database itself uses; extensions may reserve the end of each page.</param>
internal sealed record SqliteHeader(int PageSize, int UsableSize)
{
    public const int Length = 100;

    private const int Utf8 = 1;

    private const int MinUsableSize = 480;

    /// <exception cref="GuestFileSystemException">This is no SQLite database, or one with features that rpm does not use.</exception>
    public static SqliteHeader Read(GuestFileWindows file)
    {
        var header = file.Read(0, Length);
        if (!header.AsSpan().StartsWith("SQLite format 3\0"u8))
        {
            throw file.Corrupt(0, "it does not begin as an SQLite database");
        }

        // 65536 does not fit into the field.
        int pageSize = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(FieldLocations.PageSize));
        pageSize = pageSize == 1 ? 65536 : pageSize;
        var usable = pageSize - header[FieldLocations.Reserved];
        if (pageSize < 512 || (pageSize & (pageSize - 1)) != 0 || usable < MinUsableSize)
        {
            throw file.Corrupt(FieldLocations.PageSize, $"{pageSize} bytes, {header[FieldLocations.Reserved]} of them reserved, are no page size");
        }

        var encoding = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(FieldLocations.TextEncoding));
        return encoding == Utf8
            ? new SqliteHeader(pageSize, usable)
            : throw PackageDatabaseErrors.Unsupported(file.Format, file.Path, $"has the text encoding {encoding}");
    }

    private static class FieldLocations
    {
        public const int PageSize = 16;
        public const int Reserved = 20;
        public const int TextEncoding = 56;
    }
}
