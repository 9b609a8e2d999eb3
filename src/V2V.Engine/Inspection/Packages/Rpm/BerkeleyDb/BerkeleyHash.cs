using System.Collections;

namespace V2V.Engine.Inspection.Packages.Rpm.BerkeleyDb;

/// <summary>
/// The values of a Berkeley DB hash database, which is rpm's store in RHEL 5 to 8 and SLES 11 and 12. Which bucket a key belongs to does not
/// matter when all are wanted, so the pages are taken in their order in the file.
/// </summary>
internal sealed class BerkeleyHash(GuestFileWindows file)
{
    /// <summary>How an item is stored (db_page.h, HKEYDATA): its first byte.</summary>
    private const byte KeyData = 1, OffPage = 3;

    /// <summary>Type, three bytes unused, the first overflow page, the length.</summary>
    private const int OffPageLength = 12;

    private readonly BerkeleyMetaPage _meta = BerkeleyMetaPage.Read(file);

    /// <exception cref="GuestFileSystemException">The database is damaged.</exception>
    public IEnumerable<StoredValue> Values()
    {
        // A page belongs to one item only, so that no chain can be made to go in circles or be read again and again.
        var used = new BitArray((int)_meta.LastPage + 1);
        var header = new byte[BerkeleyPage.HeaderLength];
        for (var number = 1u; number <= _meta.LastPage; number++)
        {
            file.Read((long)number * _meta.PageSize, header);
            if (new BerkeleyPage(header, _meta.IsLittleEndian).Type is not (BerkeleyPage.Hash or BerkeleyPage.HashUnsorted))
            {
                continue;
            }

            var page = Page(number);
            for (var i = 1; i < page.ItemCount; i += 2)
            {
                yield return Value(page, number, i, used);
            }
        }
    }

    private StoredValue Value(BerkeleyPage page, uint number, int index, BitArray used)
    {
        var at = (long)number * _meta.PageSize;
        if (page.Item(index) is not var (start, end))
        {
            throw file.Corrupt(at, $"item {index} of page {number} does not lie on it");
        }

        switch (page.Byte(start))
        {
            case KeyData:
                return new StoredValue(end - start - 1, [page.Slice(start + 1, end)]);
            case OffPage when end - start == OffPageLength:
                var length = page.UInt32(start + 8);
                return length <= file.Length
                    ? new StoredValue(length, Overflow(page.UInt32(start + 4), length, used))
                    : throw file.Corrupt(at + start, $"an item gives {length} bytes");
            default:
                throw file.Corrupt(at + start, $"an item has the type {page.Byte(start)} and {end - start} bytes");
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Overflow(uint number, long length, BitArray used)
    {
        while (length > 0)
        {
            if (number > _meta.LastPage || used[(int)number])
            {
                throw file.Corrupt((long)number * _meta.PageSize, $"an item continues on page {number}, which it can't be on");
            }

            used[(int)number] = true;
            var page = Page(number);
            if (page.Type != BerkeleyPage.Overflow || page.OverflowLength == 0 || page.OverflowLength > Math.Min(length, _meta.PageSize - BerkeleyPage.HeaderLength))
            {
                throw file.Corrupt((long)number * _meta.PageSize, $"page {number} should continue an item");
            }

            yield return page.OverflowData;
            length -= page.OverflowLength;
            number = page.Next;
        }
    }

    private BerkeleyPage Page(uint number)
    {
        var page = new BerkeleyPage(file.Read((long)number * _meta.PageSize, _meta.PageSize), _meta.IsLittleEndian);
        return page.Number == number ? page : throw file.Corrupt((long)number * _meta.PageSize, $"page {number} says that it is page {page.Number}");
    }
}
