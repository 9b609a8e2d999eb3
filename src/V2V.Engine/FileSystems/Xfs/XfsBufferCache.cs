using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Xfs;

/// <summary>
/// Metadata in memory, keyed by the byte offset of its first block. Changed buffers are held until <see cref="WriteBack"/>; unchanged ones
/// are dropped, least recently used first, when there are too many. Within an operation the former contents of every changed buffer that
/// is touched are kept, which is what makes the operation atomic.
/// <para>Buffers stay current until the operation ends, or the next <see cref="Trim"/>.</para>
/// </summary>
internal sealed class XfsBufferCache(WritableBlockDevice device, bool hasChecksums)
{
    /// <summary>Unchanged buffers that are kept.</summary>
    private const long CleanBytes = 12 << 20;

    /// <summary>Changed buffers that are held before they are written early; more than any usual conversion changes.</summary>
    private const long DirtyBytes = 32 << 20;

    private readonly Dictionary<long, Entry> _entries = [];

    /// <summary>What was touched by the operation, as it was before; null where it was not changed then or not there.</summary>
    private Dictionary<long, XfsBuffer?>? _undo;

    private long _bytes;
    private uint _clock;

    /// <summary>A structure that lies in one piece.</summary>
    /// <param name="address">Byte offset on the volume.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="checksumOffset">Where its CRC stands on v5 file systems, or null.</param>
    public XfsBuffer Read(long address, int length, int? checksumOffset) => Read([new ByteRange(address, length)], checksumOffset);

    /// <summary>A structure whose parts may lie apart.</summary>
    public XfsBuffer Read(IReadOnlyList<ByteRange> parts, int? checksumOffset)
    {
        var address = parts[0].Offset;
        var length = (int)parts.Sum(p => p.Length);
        if (!_entries.TryGetValue(address, out var entry) || entry.Buffer.Data.Length != length)
        {
            if (entry?.Buffer.IsDirty == true)
            {
                throw XfsErrors.Corrupt("two structures lie in the same place.", address);
            }

            Drop(address);
            var data = new byte[length];
            var done = 0;
            foreach (var part in parts)
            {
                if (part.Offset < 0 || part.Offset > device.Length - part.Length)
                {
                    throw XfsErrors.Corrupt("metadata lies beyond the end of the volume.", part.Offset);
                }

                device.Read(part.Offset, data.AsSpan(done, (int)part.Length));
                done += (int)part.Length;
            }

            if (hasChecksums && checksumOffset is { } at && !XfsBuffer.HasValidChecksum(data, at))
            {
                throw XfsErrors.Corrupt("a checksum is wrong.", address);
            }

            entry = Add(new XfsBuffer(address, data, checksumOffset) { Parts = parts.Count > 1 ? parts : null });
        }
        else if (entry.Buffer.ChecksumOffset != checksumOffset)
        {
            throw XfsErrors.Corrupt("two structures of different kinds lie in the same place.", address);
        }

        Save(address, entry);
        entry.LastUse = ++_clock;
        return entry.Buffer;
    }

    /// <summary>A structure that starts as zeros, whatever stood there.</summary>
    public XfsBuffer Create(IReadOnlyList<ByteRange> parts, int? checksumOffset)
    {
        Forget(parts);
        var buffer = new XfsBuffer(parts[0].Offset, new byte[parts.Sum(p => p.Length)], checksumOffset) { Parts = parts.Count > 1 ? parts : null };
        buffer.MarkDirty();
        var entry = Add(buffer);
        entry.LastUse = ++_clock;
        return buffer;
    }

    public XfsBuffer Create(long address, int length, int? checksumOffset) => Create([new ByteRange(address, length)], checksumOffset);

    /// <summary>Drops what was freed, so that it is not written over what comes to stand there.</summary>
    public void Forget(IEnumerable<ByteRange> parts)
    {
        foreach (var part in parts)
        {
            Save(part.Offset, _entries.GetValueOrDefault(part.Offset));
            Drop(part.Offset);
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
        if (_bytes > DirtyBytes && _entries.Values.Where(e => e.Buffer.IsDirty).Sum(e => (long)e.Buffer.Data.Length) > DirtyBytes)
        {
            WriteBack();
        }
    }

    public void Rollback()
    {
        foreach (var (address, saved) in _undo ?? [])
        {
            Drop(address);
            if (saved is not null)
            {
                Add(saved);
            }
        }

        _undo = null;
    }

    /// <summary>Drops unchanged buffers when there are too many. Called where nobody holds a buffer of this cache.</summary>
    public void Trim()
    {
        if (_undo is not null || _bytes <= CleanBytes)
        {
            return;
        }

        var clean = _entries.Values.Where(e => !e.Buffer.IsDirty).OrderBy(e => e.LastUse).ToArray();
        if (clean.Sum(e => (long)e.Buffer.Data.Length) > CleanBytes)
        {
            foreach (var entry in clean.Take((clean.Length + 1) / 2))
            {
                Drop(entry.Buffer.Address);
            }
        }
    }

    /// <summary>Writes every changed buffer to the volume.</summary>
    public void WriteBack()
    {
        foreach (var entry in _entries.Values.Where(e => e.Buffer.IsDirty).OrderBy(e => e.Buffer.Address))
        {
            var buffer = entry.Buffer;
            if (hasChecksums && buffer.ChecksumOffset is { } at)
            {
                XfsBuffer.StoreChecksum(buffer.Data, at);
            }

            var done = 0;
            foreach (var part in buffer.Parts ?? [new ByteRange(buffer.Address, buffer.Data.Length)])
            {
                device.Write(part.Offset, buffer.Data.AsSpan(done, (int)part.Length));
                done += (int)part.Length;
            }

            buffer.MarkClean();
        }
    }

    private Entry Add(XfsBuffer buffer)
    {
        var entry = new Entry(buffer);
        _entries.Add(buffer.Address, entry);
        _bytes += buffer.Data.Length;
        return entry;
    }

    private void Drop(long address)
    {
        if (_entries.Remove(address, out var entry))
        {
            _bytes -= entry.Buffer.Data.Length;
        }
    }

    /// <summary>Nobody says when a buffer is about to change, so what is changed already is copied when an operation first touches it; what is unchanged can be read again.</summary>
    private void Save(long address, Entry? entry)
    {
        if (_undo is null || _undo.ContainsKey(address))
        {
            return;
        }

        XfsBuffer? copy = null;
        if (entry is { Buffer: { IsDirty: true } buffer })
        {
            copy = new XfsBuffer(address, (byte[])buffer.Data.Clone(), buffer.ChecksumOffset) { Parts = buffer.Parts };
            copy.MarkDirty();
        }

        _undo.Add(address, copy);
    }

    private sealed class Entry(XfsBuffer buffer)
    {
        public XfsBuffer Buffer { get; } = buffer;

        public uint LastUse { get; set; }
    }
}
