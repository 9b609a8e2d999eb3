using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.BerkeleyDb;

/// <summary>
/// The first page of a Berkeley DB hash database (db_page.h, DBMETA). It is written in the byte order of the machine that made it; the magic
/// number tells which.
/// </summary>
internal sealed record BerkeleyMetaPage(bool IsLittleEndian, int PageSize, uint LastPage)
{
    public const int Length = 512;

    private const uint HashMagic = 0x061561;

    private const uint BtreeMagic = 0x053162;

    /// <summary>8 is that of Berkeley DB 3.2 to 4.5, 9 of 4.6 and later, which only keeps the keys of a page sorted; 10 adds fields behind what is read.</summary>
    private const uint OldestVersion = 8, NewestVersion = 10;

    private const int MinPageSize = 512, MaxPageSize = 65536;

    /// <exception cref="GuestFileSystemException">This is no hash database, or one with features that rpm does not use.</exception>
    public static BerkeleyMetaPage Read(GuestFileWindows file)
    {
        var page = file.Read(0, Length);
        var isLittleEndian = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(FieldLocations.Magic)) is HashMagic or BtreeMagic;
        uint Number(int offset) => isLittleEndian
            ? BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(offset))
            : BinaryPrimitives.ReadUInt32BigEndian(page.AsSpan(offset));

        var magic = Number(FieldLocations.Magic);
        if (magic != HashMagic)
        {
            throw magic == BtreeMagic
                ? PackageDatabaseErrors.Unsupported(file.Format, file.Path, "is a Berkeley DB B-tree")
                : file.Corrupt(FieldLocations.Magic, $"{magic:x8} is not the magic number of a Berkeley DB hash database");
        }

        var version = Number(FieldLocations.Version);
        if (version is < OldestVersion or > NewestVersion)
        {
            throw PackageDatabaseErrors.Unsupported(file.Format, file.Path, $"is a Berkeley DB hash database of version {version}");
        }

        if (page[FieldLocations.Encryption] != 0 || page[FieldLocations.Flags] != 0)
        {
            throw PackageDatabaseErrors.Unsupported(file.Format, file.Path, "is a Berkeley DB database with encryption, checksums or partitions");
        }

        var pageSize = Number(FieldLocations.PageSize);
        if (pageSize is < MinPageSize or > MaxPageSize || (pageSize & (pageSize - 1)) != 0)
        {
            throw file.Corrupt(FieldLocations.PageSize, $"{pageSize} is no page size");
        }

        var lastPage = Number(FieldLocations.LastPage);
        return lastPage < file.Length / pageSize
            ? new BerkeleyMetaPage(isLittleEndian, (int)pageSize, lastPage)
            : throw file.Corrupt(FieldLocations.LastPage, $"the last page is {lastPage}, and the file ends after {file.Length / pageSize}");
    }

    private static class FieldLocations
    {
        public const int Magic = 12;
        public const int Version = Magic + sizeof(uint);
        public const int PageSize = Version + sizeof(uint);
        public const int Encryption = PageSize + sizeof(uint);
        public const int Flags = Encryption + 2;
        public const int LastPage = 32;
    }
}
