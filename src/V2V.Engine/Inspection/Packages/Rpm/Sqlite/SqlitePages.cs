using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>The pages of an SQLite database as its last transaction left them: those in the write-ahead log are newer than the file's.</summary>
internal sealed class SqlitePages
{
    private readonly GuestFileWindows _file;
    private readonly SqliteWal? _wal;

    private SqlitePages(GuestFileWindows file, SqliteWal? wal)
    {
        _file = file;
        _wal = wal;
        Header = SqliteHeader.Read(file);
        if (wal is not null && wal.PageSize != Header.PageSize)
        {
            throw file.Corrupt(0, $"its pages have {Header.PageSize} bytes and those of its log {wal.PageSize}");
        }

        var most = (file.Length + (wal?.Length ?? 0)) / Header.PageSize;
        Count = (uint)Math.Max(file.Length / Header.PageSize, Math.Min(most, wal?.PageCount ?? 0));
    }

    public SqliteHeader Header { get; }

    /// <summary>Pages are numbered from 1 to this.</summary>
    public uint Count { get; }

    public static SqlitePages Open(GuestRoot root, string path, string format)
    {
        // A system that was shut down has an empty log or none, one that was not may have its last transactions there only.
        var wal = path + "-wal";
        return new SqlitePages(
            new GuestFileWindows(root, path, format),
            root.Find(wal) is { IsRegular: true, Length: > 0 } ? SqliteWal.Read(new GuestFileWindows(root, wal, format)) : null);
    }

    public byte[] Read(uint number)
    {
        if (number == 0 || number > Count)
        {
            throw Corrupt(number, "there is no such page");
        }

        return _wal?.TryRead(number) ?? _file.Read((number - 1L) * Header.PageSize, Header.PageSize);
    }

    public GuestFileSystemException Corrupt(uint page, string what) => _file.Corrupt((page - 1L) * Header.PageSize, what);

    public GuestFileSystemException Unsupported(string what) => PackageDatabaseErrors.Unsupported(_file.Format, _file.Path, what);
}
