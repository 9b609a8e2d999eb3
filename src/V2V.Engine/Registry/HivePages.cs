namespace V2V.Engine.Registry;

/// <summary>
/// The bins of a hive as bytes, addressed from the end of the base block as the format does. Pages are read when they are asked for, at most a
/// few MiB of unchanged ones are kept, and changed ones stay until <see cref="Flush"/>. Changes since <see cref="Begin"/> can be taken back.
/// </summary>
internal sealed class HivePages(HiveFile file, uint size)
{
    public const int PageSize = 4096;

    /// <summary>Pages that are read at once: records of one key tend to stand near each other.</summary>
    private const int ReadAhead = 8;

    /// <summary>Unchanged pages kept in memory (8 MiB).</summary>
    private const int MaxUnchanged = 2048;

    private const int MaxSpare = 256;

    /// <summary>Pages that are written at once.</summary>
    private const int MaxWrite = 64;

    private readonly Dictionary<uint, Page> _pages = [];
    private readonly Queue<uint> _unchanged = new();
    private readonly byte[] _readBuffer = new byte[ReadAhead * PageSize];

    /// <summary>Pages whose present content stands in a log.</summary>
    private readonly Dictionary<uint, (HiveFile Log, long Offset)> _logged = [];

    private Dictionary<uint, (byte[] Data, bool IsChanged)>? _undo;

    /// <summary>Pages that stand in the file; those behind them are zero until they are written.</summary>
    private uint _stored = size / PageSize;

    private uint _undoSize;

    /// <summary>Buffers of earlier changes' copies, used again.</summary>
    private readonly Stack<byte[]> _spare = new();

    private uint _lastNumber = uint.MaxValue;
    private Page? _last;

    public string Path => file.Path;

    /// <summary>Bytes of all bins, a multiple of <see cref="PageSize"/>.</summary>
    public uint Size { get; private set; } = size;

    /// <summary>Whether something was changed since <see cref="Begin"/>.</summary>
    public bool IsTouched => _undo is { Count: > 0 } || Size != _undoSize;

    /// <summary>Byte offset in the file, for messages.</summary>
    public static long FileOffset(uint offset) => HiveBaseBlock.Size + (long)offset;

    public void Read(uint offset, Span<byte> buffer)
    {
        Check(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var within = (int)(offset % PageSize);
            var part = Math.Min(buffer.Length, PageSize - within);
            Get(offset / PageSize).Data.AsSpan(within, part).CopyTo(buffer);
            buffer = buffer[part..];
            offset += (uint)part;
        }
    }

    public uint ReadUInt32(uint offset)
    {
        Span<byte> raw = stackalloc byte[sizeof(uint)];
        Read(offset, raw);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(raw);
    }

    public void Write(uint offset, ReadOnlySpan<byte> data)
    {
        Check(offset, data.Length);
        while (!data.IsEmpty)
        {
            var within = (int)(offset % PageSize);
            var part = Math.Min(data.Length, PageSize - within);
            data[..part].CopyTo(Change(offset / PageSize).Data.AsSpan(within));
            data = data[part..];
            offset += (uint)part;
        }
    }

    public void WriteUInt32(uint offset, uint value)
    {
        Span<byte> raw = stackalloc byte[sizeof(uint)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(raw, value);
        Write(offset, raw);
    }

    /// <summary>Appends zeros.</summary>
    public void Grow(uint newSize) => Size = newSize;

    /// <summary>Grows or shrinks, as a log says that the hive did.</summary>
    public void Resize(uint newSize)
    {
        foreach (var number in _pages.Keys.Union(_logged.Keys).Where(n => n >= newSize / PageSize).ToList())
        {
            _pages.Remove(number);
            _logged.Remove(number);
        }

        _stored = Math.Min(_stored, newSize / PageSize);
        Size = newSize;
        _last = null;
    }

    /// <summary>Says that a page's content stands in a log.</summary>
    public void Replace(uint number, HiveFile log, long offset)
    {
        _pages.Remove(number);
        _logged[number] = (log, offset);
        _last = null;
    }

    /// <summary>What is changed from now on can be taken back.</summary>
    public void Begin()
    {
        _undo = [];
        _undoSize = Size;
    }

    public void Commit()
    {
        foreach (var (data, _) in _undo!.Values.Take(MaxSpare - _spare.Count))
        {
            _spare.Push(data);
        }

        _undo = null;
    }

    public void RollBack()
    {
        foreach (var number in _pages.Keys.Where(n => n >= _undoSize / PageSize).ToList())
        {
            _pages.Remove(number);
        }

        foreach (var (number, (data, isChanged)) in _undo!)
        {
            if (number < _undoSize / PageSize)
            {
                _pages[number] = new Page(data) { IsChanged = isChanged };
                if (!isChanged)
                {
                    _unchanged.Enqueue(number);
                }
            }
        }

        Size = _undoSize;
        _undo = null;
        _last = null;
    }

    /// <summary>Writes the changed pages, and no others, to the file.</summary>
    public void Flush()
    {
        // The last page of a hive that grew is written even if it was never touched, so that the file is as long as the hive.
        var grown = Size / PageSize > _stored ? [(Size / PageSize) - 1] : Array.Empty<uint>();
        var numbers = _pages.Where(p => p.Value.IsChanged).Select(p => p.Key).Union(_logged.Keys).Union(grown).Order().ToList();
        var run = new byte[Math.Min(MaxWrite, numbers.Count) * PageSize];
        for (var i = 0; i < numbers.Count;)
        {
            // Neighbours in one go, so that a file that grows does so by more than a page at a time.
            var count = 0;
            for (; i + count < numbers.Count && count < MaxWrite && numbers[i + count] == numbers[i] + (uint)count; count++)
            {
                Get(numbers[i + count]).Data.CopyTo(run, count * PageSize);
            }

            file.Write(FileOffset(numbers[i] * PageSize), run.AsSpan(0, count * PageSize));
            i += count;
        }

        foreach (var (number, page) in _pages.Where(p => p.Value.IsChanged))
        {
            page.IsChanged = false;
            _unchanged.Enqueue(number);
        }

        _logged.Clear();
        _stored = Size / PageSize;
    }

    private Page Change(uint number)
    {
        var page = Get(number);
        if (_undo is not null && !_undo.ContainsKey(number))
        {
            var copy = _spare.TryPop(out var spare) ? spare : new byte[PageSize];
            page.Data.CopyTo(copy, 0);
            _undo.Add(number, (copy, page.IsChanged));
        }

        page.IsChanged = true;
        return page;
    }

    private Page Get(uint number)
    {
        if (number == _lastNumber && _last is not null)
        {
            return _last;
        }

        if (!_pages.TryGetValue(number, out var page))
        {
            page = Load(number);
        }

        page.IsUsed = true;
        (_lastNumber, _last) = (number, page);
        return page;
    }

    private Page Load(uint number)
    {
        if (_logged.TryGetValue(number, out var place))
        {
            var data = new byte[PageSize];
            place.Log.Read(place.Offset, data);
            return Keep(number, data);
        }

        if (number >= _stored)
        {
            return Keep(number, new byte[PageSize]);
        }

        var count = (int)Math.Min(ReadAhead, _stored - number);
        var bytes = _readBuffer.AsSpan(0, count * PageSize);
        var read = file.TryRead(FileOffset(number * PageSize), bytes);
        bytes[read..].Clear();
        if (read < PageSize)
        {
            throw RegistryErrors.Corrupt(Path, FileOffset(number * PageSize), $"the file ends there, of {Size} bytes of bins that it should hold.");
        }

        for (var i = count - 1; i > 0; i--)
        {
            var next = number + (uint)i;
            if ((i + 1) * PageSize <= read && !_pages.ContainsKey(next) && !_logged.ContainsKey(next))
            {
                Keep(next, bytes.Slice(i * PageSize, PageSize).ToArray());
            }
        }

        return Keep(number, bytes[..PageSize].ToArray());
    }

    private Page Keep(uint number, byte[] data)
    {
        while (_unchanged.Count >= MaxUnchanged)
        {
            var oldest = _unchanged.Dequeue();
            if (!_pages.TryGetValue(oldest, out var old) || old.IsChanged)
            {
                continue;
            }

            if (old.IsUsed)
            {
                old.IsUsed = false;
                _unchanged.Enqueue(oldest);
            }
            else
            {
                _pages.Remove(oldest);
                if (oldest == _lastNumber)
                {
                    _last = null;
                }
            }
        }

        var page = new Page(data);
        _pages[number] = page;
        _unchanged.Enqueue(number);
        return page;
    }

    private void Check(uint offset, int length)
    {
        if (offset > Size || length > Size - offset)
        {
            throw RegistryErrors.Corrupt(Path, FileOffset(offset), $"{length} bytes are referred to there, outside of the hive's bins.");
        }
    }

    private sealed class Page(byte[] data)
    {
        public byte[] Data { get; } = data;

        public bool IsChanged { get; set; }

        /// <summary>Read since it was last considered for being dropped.</summary>
        public bool IsUsed { get; set; }
    }
}
