using System.Buffers;
using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ext;

/// <summary>
/// Metadata blocks in memory. Changed blocks are held until <see cref="WriteBack"/>; unchanged ones are dropped, least recently used
/// first, when there are too many. Between <see cref="Begin"/> and <see cref="Commit"/> or <see cref="Rollback"/> the former contents
/// of everything that changes are kept, which is what makes an operation atomic.
/// <para>Arrays handed out by <see cref="Read"/> stay current until the next <see cref="Trim"/>.</para>
/// </summary>
internal sealed class ExtBlockCache(WritableBlockDevice device, int blockSize, long blockCount)
{
    /// <summary>Unchanged blocks that are kept.</summary>
    private const int CleanBytes = 12 << 20;

    /// <summary>Changed blocks that are held before they are written early; more than any usual conversion changes.</summary>
    private const int DirtyBytes = 32 << 20;

    /// <summary>Largest single write of neighbouring blocks.</summary>
    private const int MaxTransfer = 1 << 20;

    private readonly Dictionary<long, Entry> _entries = [];
    private Dictionary<long, Saved>? _undo;
    private uint _clock;
    private int _dirty;

    public int BlockSize => blockSize;

    /// <summary>The contents of a block, to be read only.</summary>
    public byte[] Read(long block) => Load(block).Data;

    /// <summary>
    /// The contents of a block of a given kind. <paramref name="verify"/> is called when the block comes from the volume, so that its
    /// checksum and structure are examined once and not at every use.
    /// </summary>
    public byte[] Read<T>(long block, ExtBlockKind kind, T state, ExtBlockCheck<T> verify)
    {
        var entry = Load(block);
        if (entry.Verified != kind)
        {
            verify(state, block, entry.Data);
            entry.Verified = kind;
        }

        return entry.Data;
    }

    /// <summary>The contents of a block, to be changed.</summary>
    public byte[] Modify(long block)
    {
        var entry = Load(block);
        Save(block, entry);
        MarkDirty(entry);
        return entry.Data;
    }

    /// <summary>A block that starts as zeros, whatever stood there.</summary>
    public byte[] Create(long block, ExtBlockKind kind)
    {
        CheckNumber(block);
        if (_entries.TryGetValue(block, out var entry))
        {
            Save(block, entry);
            Array.Clear(entry.Data);
        }
        else
        {
            Save(block, null);
            entry = new Entry(block, new byte[blockSize]);
            _entries.Add(block, entry);
        }

        entry.Verified = kind;
        entry.LastUse = ++_clock;
        MarkDirty(entry);
        return entry.Data;
    }

    /// <summary>Drops a block that was freed, so that it is not written over what comes to stand there.</summary>
    public void Forget(long block)
    {
        if (_entries.TryGetValue(block, out var entry))
        {
            Save(block, entry);
            _entries.Remove(block);
            _dirty -= entry.Dirty ? 1 : 0;
        }
    }

    public void Begin()
    {
        Trim();
        _undo = [];
    }

    public void Commit()
    {
        _undo = null;
        if ((long)_dirty * blockSize > DirtyBytes)
        {
            WriteBack();
        }
    }

    public void Rollback()
    {
        foreach (var (block, saved) in _undo ?? [])
        {
            if (_entries.Remove(block, out var current))
            {
                _dirty -= current.Dirty ? 1 : 0;
            }

            if (saved.Data is not null)
            {
                _entries.Add(block, new Entry(block, saved.Data) { Dirty = true, Verified = saved.Verified, LastUse = ++_clock });
                _dirty++;
            }
        }

        _undo = null;
    }

    /// <summary>Drops unchanged blocks when there are too many. Called where nobody holds an array of this cache.</summary>
    public void Trim()
    {
        if (_undo is not null || (long)(_entries.Count - _dirty) * blockSize <= CleanBytes)
        {
            return;
        }

        var clean = _entries.Values.Where(e => !e.Dirty).OrderBy(e => e.LastUse).Take((_entries.Count - _dirty) / 2).ToArray();
        foreach (var entry in clean)
        {
            _entries.Remove(entry.Number);
        }
    }

    /// <summary>Writes every changed block to the volume, neighbours together.</summary>
    public void WriteBack()
    {
        var changed = _entries.Values.Where(e => e.Dirty).OrderBy(e => e.Number).ToArray();
        var perTransfer = Math.Max(1, MaxTransfer / blockSize);
        var buffer = ArrayPool<byte>.Shared.Rent(perTransfer * blockSize);
        try
        {
            for (var i = 0; i < changed.Length;)
            {
                var first = changed[i].Number;
                var count = 0;
                for (; i < changed.Length && count < perTransfer && changed[i].Number == first + count; i++, count++)
                {
                    changed[i].Data.CopyTo(buffer, count * blockSize);
                }

                device.Write(first * blockSize, buffer.AsSpan(0, count * blockSize));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        foreach (var entry in changed)
        {
            entry.Dirty = false;
        }

        _dirty = 0;
    }

    /// <summary>Reads neighbouring blocks with one request, so that walking an inode table does not ask for each block.</summary>
    public void Prefetch(long block, int count)
    {
        count = (int)Math.Min(count, blockCount - block);
        if (count <= 1 || block < 0 || _entries.ContainsKey(block))
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(count * blockSize);
        try
        {
            device.Read(block * blockSize, buffer.AsSpan(0, count * blockSize));
            for (var i = 0; i < count; i++)
            {
                if (!_entries.ContainsKey(block + i))
                {
                    _entries.Add(block + i, new Entry(block + i, buffer.AsSpan(i * blockSize, blockSize).ToArray()) { LastUse = ++_clock });
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Entry Load(long block)
    {
        if (!_entries.TryGetValue(block, out var entry))
        {
            CheckNumber(block);
            entry = new Entry(block, new byte[blockSize]);
            device.Read(block * blockSize, entry.Data);
            _entries.Add(block, entry);
        }

        entry.LastUse = ++_clock;
        return entry;
    }

    private void Save(long block, Entry? entry)
    {
        // What is unchanged can be read from the volume again.
        if (_undo is not null && !_undo.ContainsKey(block))
        {
            _undo.Add(block, entry is not { Dirty: true } ? default : new Saved((byte[])entry.Data.Clone(), entry.Verified));
        }
    }

    private void MarkDirty(Entry entry)
    {
        if (!entry.Dirty)
        {
            entry.Dirty = true;
            _dirty++;
        }
    }

    private void CheckNumber(long block)
    {
        if (block < 0 || block >= blockCount)
        {
            throw ExtErrors.Corrupt($"block {block} is referred to, but there are only {blockCount} blocks.");
        }
    }

    private sealed class Entry(long number, byte[] data)
    {
        public long Number { get; } = number;

        public byte[] Data { get; } = data;

        public bool Dirty { get; set; }

        public ExtBlockKind Verified { get; set; }

        public uint LastUse { get; set; }
    }

    /// <summary>A block as it was; without data when it was not changed then.</summary>
    private readonly record struct Saved(byte[]? Data, ExtBlockKind Verified);
}

/// <summary>Examines a block that was read from the volume; throws when it is damaged.</summary>
internal delegate void ExtBlockCheck<in T>(T state, long block, ReadOnlySpan<byte> data);

/// <summary>What a cached block was verified to be.</summary>
internal enum ExtBlockKind : byte
{
    Unverified,
    GroupDescriptors,
    BlockBitmap,
    InodeBitmap,
    ExtentNode,
    IndirectBlock,
    DirectoryLeaf,
    HashTreeRoot,
    HashTreeNode,
    Xattrs,
    OrphanFile,
}
