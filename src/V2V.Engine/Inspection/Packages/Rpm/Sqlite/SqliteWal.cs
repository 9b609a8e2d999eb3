using System.Buffers.Binary;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>
/// A write-ahead log (SQLite file format, section 4): a header, then frames of a page each. Frames count up to the last one that ends a
/// transaction, as long as each has the log's salt and the checksum of everything before it.
/// </summary>
internal sealed class SqliteWal
{
    private const uint Magic = 0x377F0682;

    private const uint Version = 3007000;

    private const int HeaderLength = 32, FrameHeaderLength = 24, ChecksummedHeaderLength = 24, ChecksummedFrameHeaderLength = 8;

    /// <summary>SQLite writes a log back to the database after 1,000 pages; one transaction of rpm may make it longer.</summary>
    private const long MaxLength = 512L << 20;

    private readonly GuestFileWindows _file;
    private readonly Dictionary<uint, long> _pages = [];

    private SqliteWal(GuestFileWindows file, int pageSize)
    {
        _file = file;
        PageSize = pageSize;
    }

    public int PageSize { get; }

    public long Length => _file.Length;

    /// <summary>Pages of the whole database after the last transaction.</summary>
    public uint PageCount { get; private set; }

    /// <summary>Null when nothing in the log counts.</summary>
    public static SqliteWal? Read(GuestFileWindows file)
    {
        if (file.Length < HeaderLength)
        {
            return null;
        }

        if (file.Length > MaxLength)
        {
            throw PackageDatabaseErrors.Unsupported(file.Format, file.Path, $"is a log of {file.Length} bytes");
        }

        var header = file.Read(0, HeaderLength);
        uint Number(int offset) => BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(offset));
        // The lowest bit of the magic number tells in which byte order the checksums were computed.
        var isBigEndian = Number(FieldLocations.Magic) == (Magic | 1);
        var pageSize = Number(FieldLocations.PageSize);
        var checksum = new Checksum(isBigEndian);
        checksum.Add(header.AsSpan(0, ChecksummedHeaderLength));
        if ((Number(FieldLocations.Magic) & ~1u) != Magic || Number(FieldLocations.Version) != Version
            || pageSize is < 512 or > 65536 || (pageSize & (pageSize - 1)) != 0
            || !checksum.Is(Number(FieldLocations.Checksum), Number(FieldLocations.Checksum + sizeof(uint))))
        {
            return null;
        }

        var wal = new SqliteWal(file, (int)pageSize);
        wal.ReadFrames(header.AsSpan(FieldLocations.Salt, FieldLocations.SaltLength), checksum);
        return wal.PageCount > 0 ? wal : null;
    }

    public byte[]? TryRead(uint number) => _pages.TryGetValue(number, out var offset) ? _file.Read(offset, PageSize) : null;

    private void ReadFrames(ReadOnlySpan<byte> salt, Checksum checksum)
    {
        var transaction = new Dictionary<uint, long>();
        var frame = new byte[FrameHeaderLength + PageSize];
        for (long at = HeaderLength; at + frame.Length <= _file.Length; at += frame.Length)
        {
            _file.Read(at, frame);
            uint Number(int offset) => BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(offset));
            checksum.Add(frame.AsSpan(0, ChecksummedFrameHeaderLength));
            checksum.Add(frame.AsSpan(FrameHeaderLength));
            if (!frame.AsSpan(FrameLocations.Salt, FieldLocations.SaltLength).SequenceEqual(salt)
                || !checksum.Is(Number(FrameLocations.Checksum), Number(FrameLocations.Checksum + sizeof(uint))))
            {
                return;
            }

            transaction[Number(FrameLocations.PageNumber)] = at + FrameHeaderLength;
            if (Number(FrameLocations.PageCount) is > 0 and var count)
            {
                foreach (var (number, offset) in transaction)
                {
                    _pages[number] = offset;
                }

                transaction.Clear();
                PageCount = count;
            }
        }
    }

    /// <summary>Section 4.2: two sums over 32-bit words, each fed by the other.</summary>
    private sealed class Checksum(bool isBigEndian)
    {
        private uint _first, _second;

        public void Add(ReadOnlySpan<byte> data)
        {
            for (; data.Length >= 8; data = data[8..])
            {
                var (a, b) = isBigEndian
                    ? (BinaryPrimitives.ReadUInt32BigEndian(data), BinaryPrimitives.ReadUInt32BigEndian(data[4..]))
                    : (BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadUInt32LittleEndian(data[4..]));
                unchecked
                {
                    _first += a + _second;
                    _second += b + _first;
                }
            }
        }

        public bool Is(uint first, uint second) => _first == first && _second == second;
    }

    private static class FieldLocations
    {
        public const int Magic = 0;
        public const int Version = Magic + sizeof(uint);
        public const int PageSize = Version + sizeof(uint);
        public const int Salt = PageSize + 2 * sizeof(uint);
        public const int SaltLength = 2 * sizeof(uint);
        public const int Checksum = Salt + SaltLength;
    }

    private static class FrameLocations
    {
        public const int PageNumber = 0;
        public const int PageCount = PageNumber + sizeof(uint);
        public const int Salt = PageCount + sizeof(uint);
        public const int Checksum = Salt + FieldLocations.SaltLength;
    }
}
