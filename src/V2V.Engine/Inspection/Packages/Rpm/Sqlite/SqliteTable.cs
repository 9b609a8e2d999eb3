using System.Buffers.Binary;
using System.Collections;

namespace V2V.Engine.Inspection.Packages.Rpm.Sqlite;

/// <summary>The rows of one table of an SQLite database, read from its B-tree; neither SQL nor indexes are known here.</summary>
/// <param name="pages">The database.</param>
/// <param name="name">The table.</param>
internal sealed class SqliteTable(SqlitePages pages, string name)
{
    /// <summary>The table that lists the others (SQLite file format, section 2.6): type, name, table name, root page, SQL.</summary>
    private const uint SchemaRoot = 1;

    private const int SchemaType = 0, SchemaName = 1, SchemaRootPage = 3;

    /// <summary>A page belongs to one tree or one row only, so that nothing goes in circles or is read again and again.</summary>
    private readonly BitArray _used = new((int)pages.Count + 1);

    /// <summary>The last column of each row, which must be a blob.</summary>
    /// <exception cref="GuestFileSystemException">The database is damaged.</exception>
    public IEnumerable<StoredValue> LastColumn()
    {
        foreach (var (record, page) in Records(Root()))
        {
            yield return record.LastBlob() ?? throw pages.Corrupt(page, "a row does not end in a blob");
        }
    }

    private uint Root()
    {
        foreach (var (record, page) in Records(SchemaRoot))
        {
            if (record.Text(SchemaType) == "table" && record.Text(SchemaName) == name)
            {
                return record.Integer(SchemaRootPage) is > 0 and <= uint.MaxValue and var root
                    ? (uint)root
                    : throw pages.Corrupt(page, $"the table {name} has no root page");
            }
        }

        throw pages.Unsupported($"has no table {name}");
    }

    private IEnumerable<(SqliteRecord Record, uint Page)> Records(uint root)
    {
        var pending = new Stack<uint>([root]);
        while (pending.TryPop(out var number))
        {
            Use(number);
            var page = new SqliteBtreePage(pages, number);
            if (!page.IsLeaf)
            {
                foreach (var child in page.Children().Reverse())
                {
                    pending.Push(child);
                }

                continue;
            }

            foreach (var (length, local, overflow) in page.Rows())
            {
                yield return (
                    SqliteRecord.TryParse(new StoredValue(length, Pieces(local, length, overflow)))
                        ?? throw pages.Corrupt(number, "a row is malformed"),
                    number);
            }
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlyMemory<byte> local, long length, uint overflow)
    {
        yield return local;
        for (var rest = length - local.Length; rest > 0;)
        {
            Use(overflow);
            var page = pages.Read(overflow);
            var part = (int)Math.Min(rest, pages.Header.UsableSize - sizeof(uint));
            yield return page.AsMemory(sizeof(uint), part);
            rest -= part;
            overflow = BinaryPrimitives.ReadUInt32BigEndian(page);
        }
    }

    private void Use(uint number)
    {
        if (number == 0 || number > pages.Count || _used[(int)number])
        {
            throw pages.Corrupt(number, "a page is referred to that does not exist, or more than once");
        }

        _used[(int)number] = true;
    }
}
