namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// The contents of a non-resident attribute that belongs to the file system's metadata, by pages through the cache, so that changes to
/// them are undone with the operation. It must have no holes where it is used.
/// </summary>
internal sealed class NtfsPagedStream(NtfsVolume volume, NtfsAttribute attribute)
{
    private const int MaxPageSize = 4 << 10;

    private const int MaxPeek = 1 << 20;

    /// <summary>Pages that are read at once where they lie together.</summary>
    private const int ReadAhead = 16;

    private readonly int _pageSize = PageSizeOf(volume);

    public int PageSize => _pageSize;

    /// <summary>Bytes of a page: never more than a cluster, so that each lies in one piece.</summary>
    public static int PageSizeOf(NtfsVolume volume) => Math.Min(MaxPageSize, volume.Boot.ClusterSize);

    /// <summary>Fills a buffer; the range must lie within the clusters.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var page = Page(offset);
            var within = (int)(offset & (_pageSize - 1));
            var length = Math.Min(buffer.Length, _pageSize - within);
            page.Data.AsSpan(within, length).CopyTo(buffer);
            buffer = buffer[length..];
            offset += length;
        }
    }

    /// <summary>Fills a buffer without keeping what is read; for looking through all of it. Bytes behind the last cluster are left as they are.</summary>
    public void Peek(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var range = Locate(offset, MaxPeek);
            var within = (int)(offset & (_pageSize - 1));
            var part = buffer[..(int)Math.Min(buffer.Length, range.Length - within)];
            volume.Cache.Peek(range with { Offset = range.Offset + within, Length = part.Length }, _pageSize, part);
            buffer = buffer[part.Length..];
            offset += part.Length;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var within = (int)(offset & (_pageSize - 1));
            var length = Math.Min(data.Length, _pageSize - within);
            var page = length == _pageSize ? NewPage(offset) : ChangePage(offset);
            data[..length].CopyTo(page.Data.AsSpan(within));
            data = data[length..];
            offset += length;
        }
    }

    /// <summary>Fills a range with zeros; pages that lie in it as a whole are not read.</summary>
    public void Clear(long offset, long length)
    {
        while (length > 0)
        {
            var within = (int)(offset & (_pageSize - 1));
            var part = (int)Math.Min(length, _pageSize - within);
            var page = part == _pageSize ? NewPage(offset) : ChangePage(offset);
            page.Data.AsSpan(within, part).Clear();
            length -= part;
            offset += part;
        }
    }

    /// <summary>The page that holds a byte, to look at.</summary>
    public NtfsBuffer Page(long offset)
    {
        var range = Locate(offset, ReadAhead * _pageSize);
        ByteRange[] parts = [range with { Length = _pageSize }];
        if (volume.Cache.Find(parts, isProtected: false) is { } held)
        {
            return held;
        }

        var data = new byte[range.Length];
        volume.Cache.ReadParts([range], data);
        for (var done = _pageSize; done < data.Length; done += _pageSize)
        {
            volume.Cache.AddClean(new NtfsBuffer([new ByteRange(range.Offset + done, _pageSize)], data.AsSpan(done, _pageSize).ToArray(), isProtected: false));
        }

        volume.Cache.AddClean(new NtfsBuffer(parts, data.AsSpan(0, _pageSize).ToArray(), isProtected: false));
        return volume.Cache.Read(parts, isProtected: false);
    }

    /// <summary>The page that holds a byte, to change.</summary>
    public NtfsBuffer ChangePage(long offset)
    {
        var page = Page(offset);
        volume.Cache.Change(page);
        return page;
    }

    /// <summary>A page whose former contents do not matter.</summary>
    private NtfsBuffer NewPage(long offset)
    {
        var range = Locate(offset, _pageSize);
        return volume.Cache.Create([range], isProtected: false);
    }

    /// <summary>Where the page of a byte lies, and how far the volume goes on with the ones behind it.</summary>
    private ByteRange Locate(long offset, int maxLength)
    {
        offset &= -(long)_pageSize;
        var run = attribute.Runs!.Find(offset >> volume.Boot.ClusterLog);
        if (run is not { IsHole: false } found)
        {
            throw NtfsErrors.Corrupt($"attribute 0x{(uint)attribute.Type:X} {attribute.Name} of the file system has no cluster at its byte {offset}.");
        }

        var within = offset & (volume.Boot.ClusterSize - 1);
        return new ByteRange((found.Lcn << volume.Boot.ClusterLog) + within, Math.Min(maxLength, (found.Length << volume.Boot.ClusterLog) - within));
    }
}
