namespace V2V.Engine.Registry;

/// <summary>
/// Finds room for cells: what was freed since the hive was opened, then free cells of the first bins, which are walked only as far as room is
/// looked for, then new bins at the end. A hive of 150 MB is so never read as a whole for the sake of a value.
/// </summary>
internal sealed class HiveAllocator(HivePages pages, HiveCells cells)
{
    /// <summary>Bytes of bins that are searched at most; a hive with more grows by what is needed.</summary>
    private const uint MaxSearched = 4 << 20;

    private readonly SortedSet<(uint Size, uint Cell)> _bySize = [];
    private readonly Dictionary<uint, uint> _sizes = [];
    private readonly Dictionary<uint, uint> _byEnd = [];
    private uint _searched;

    /// <summary>Drops what is known of free cells, after they were changed back.</summary>
    public void Forget()
    {
        _bySize.Clear();
        _sizes.Clear();
        _byEnd.Clear();
        _searched = 0;
    }

    /// <summary>A new cell with this content.</summary>
    /// <param name="content">Payload.</param>
    /// <param name="spare">Bytes of room behind it, zero.</param>
    public uint Add(ReadOnlySpan<byte> content, int spare = 0)
    {
        var size = Align(HiveCells.HeaderSize + (uint)content.Length + (uint)spare);
        var cell = Take(size);
        pages.WriteUInt32(cell, unchecked((uint)-(int)size));
        pages.Write(cell + HiveCells.HeaderSize, content);
        Span<byte> zeros = stackalloc byte[512];
        zeros.Clear();
        for (var at = cell + HiveCells.HeaderSize + (uint)content.Length; at < cell + size;)
        {
            var part = Math.Min(zeros.Length, (int)(cell + size - at));
            pages.Write(at, zeros[..part]);
            at += (uint)part;
        }

        return cell;
    }

    /// <summary>Frees a cell and joins it with free ones beside it.</summary>
    public void Free(uint cell, string what)
    {
        var start = cell;
        var end = cell + HiveCells.HeaderSize + (uint)cells.Payload(cell, what);
        if (FreeSizeAt(end) is { } next)
        {
            Unregister(end);
            end += next;
        }

        if (_byEnd.TryGetValue(cell, out var before))
        {
            Unregister(before);
            start = before;
        }

        pages.WriteUInt32(start, end - start);
        Register(start, end - start);
    }

    private static uint Align(uint size) => (size + HiveCells.Alignment - 1) & ~(uint)(HiveCells.Alignment - 1);

    private uint Take(uint size)
    {
        uint cell;
        while (true)
        {
            // The view's least element costs a descent; asking for its count would walk all of it.
            var fitting = _bySize.GetViewBetween((size, 0), (uint.MaxValue, uint.MaxValue)).Min;
            if (fitting.Size > 0)
            {
                cell = fitting.Cell;
                break;
            }

            if (_searched < Math.Min(MaxSearched, pages.Size))
            {
                SearchNextBin();
            }
            else
            {
                AddBin(size);
            }
        }

        var whole = _sizes[cell];
        Unregister(cell);
        if (whole > size)
        {
            pages.WriteUInt32(cell + size, whole - size);
            Register(cell + size, whole - size);
        }

        return cell;
    }

    private void SearchNextBin()
    {
        if (HiveBin.TryRead(pages, _searched) is not { } bin)
        {
            throw RegistryErrors.Corrupt(pages.Path, HivePages.FileOffset(_searched), "there should be a bin.");
        }

        uint? free = null;
        for (var at = bin.Offset + HiveBin.HeaderSize; at < bin.End;)
        {
            var raw = unchecked((int)pages.ReadUInt32(at));
            var size = (uint)Math.Abs((long)raw);
            if (size < HiveCells.Alignment || size % HiveCells.Alignment != 0 || size > bin.End - at)
            {
                throw cells.Corrupt(at, $"a cell of {size} bytes does not fit its bin.");
            }

            if (raw < 0)
            {
                free = null;
            }
            else
            {
                // Joined in memory only: the hive's pages change when the room is used.
                var known = free is { } start ? _sizes[start] : 0;
                Unregister(at);
                if (free is { } first)
                {
                    Unregister(first);
                }

                free ??= at;
                Register(free.Value, known + size);
            }

            at += size;
        }

        _searched = bin.End;
    }

    private void AddBin(uint size)
    {
        var binSize = (size + HiveBin.HeaderSize + HivePages.PageSize - 1) & ~(uint)(HivePages.PageSize - 1);
        if (binSize > HiveBaseBlock.MaxDataSize - pages.Size)
        {
            throw RegistryErrors.Full(pages.Path, $"it would grow past {HiveBaseBlock.MaxDataSize} bytes.");
        }

        var bin = new HiveBin(pages.Size, binSize);
        var isSearched = _searched == pages.Size;
        pages.Grow(bin.End);
        bin.WriteTo(pages);
        pages.WriteUInt32(bin.Offset + HiveBin.HeaderSize, binSize - HiveBin.HeaderSize);
        Register(bin.Offset + HiveBin.HeaderSize, binSize - HiveBin.HeaderSize);
        if (isSearched)
        {
            _searched = bin.End;
        }
    }

    /// <summary>Size of the free cell that begins there; null where a cell in use, the next bin or the hive's end stands.</summary>
    private uint? FreeSizeAt(uint offset)
    {
        if (offset >= pages.Size)
        {
            return null;
        }

        if (_sizes.TryGetValue(offset, out var known))
        {
            return known;
        }

        // A bin's signature, taken for a size, is larger than any hive.
        var size = pages.ReadUInt32(offset);
        return size >= HiveCells.Alignment && size % HiveCells.Alignment == 0 && size <= pages.Size - offset ? size : null;
    }

    private void Register(uint cell, uint size)
    {
        _sizes[cell] = size;
        _bySize.Add((size, cell));
        _byEnd[cell + size] = cell;
    }

    private void Unregister(uint cell)
    {
        if (_sizes.Remove(cell, out var size))
        {
            _bySize.Remove((size, cell));
            _byEnd.Remove(cell + size);
        }
    }
}
