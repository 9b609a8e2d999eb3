using V2V.Engine.Disks;

namespace V2V.Engine.FileSystems.Ntfs;

/// <summary>
/// Metadata in memory, keyed by the byte offset of its first part: MFT records, index blocks, and pages of everything else. Changed buffers
/// are held until <see cref="WriteBack"/>; unchanged ones are dropped, least recently used first, when there are too many. Within an
/// operation the former contents of every changed buffer are kept, which is what makes the operation atomic.
/// <para>Buffers stay current until the operation ends, or the next <see cref="Trim"/>.</para>
/// </summary>
internal sealed class NtfsBufferCache(WritableBlockDevice device)
{
    /// <summary>Unchanged buffers that are kept.</summary>
    private const long CleanBytes = 12 << 20;

    /// <summary>Changed buffers that are held before they are written early; more than any usual conversion changes.</summary>
    private const long DirtyBytes = 32 << 20;

    private readonly Dictionary<long, NtfsBuffer> _buffers = [];

    /// <summary>What the operation changed or dropped, as it was before; null where it was unchanged then, or not there.</summary>
    private Dictionary<long, NtfsBuffer?>? _undo;

    private long _bytes;
    private long _dirtyBytes;
    private uint _clock;

    /// <summary>A structure, read from the volume unless it is held already.</summary>
    /// <param name="parts">Where it lies.</param>
    /// <param name="isProtected">True when it has an update sequence array.</param>
    /// <exception cref="GuestFileSystemException">It lies beyond the volume, was written in part, or overlaps another structure.</exception>
    public NtfsBuffer Read(ByteRange[] parts, bool isProtected)
    {
        if (Find(parts, isProtected) is { } held)
        {
            return held;
        }

        var data = new byte[parts.Sum(p => p.Length)];
        ReadParts(parts, data);
        if (isProtected && !NtfsFixups.TryUndo(data))
        {
            throw NtfsErrors.Corrupt("a record's update sequence array does not match, so it was written in part.", parts[0].Offset);
        }

        return Add(new NtfsBuffer(parts, data, isProtected));
    }

    /// <summary>A structure that is held already, or null.</summary>
    public NtfsBuffer? Find(ByteRange[] parts, bool isProtected)
    {
        if (!_buffers.TryGetValue(parts[0].Offset, out var buffer))
        {
            return null;
        }

        if (buffer.IsProtected != isProtected || !buffer.Parts.AsSpan().SequenceEqual(parts))
        {
            if (buffer.IsDirty)
            {
                throw NtfsErrors.Corrupt("two structures lie in the same place.", parts[0].Offset);
            }

            Drop(buffer);
            return null;
        }

        buffer.LastUse = ++_clock;
        return buffer;
    }

    /// <summary>Reads raw bytes of the volume.</summary>
    public void ReadParts(ReadOnlySpan<ByteRange> parts, Span<byte> data)
    {
        foreach (var part in parts)
        {
            if (part.Offset < 0 || part.Offset > device.Length - part.Length)
            {
                throw NtfsErrors.Corrupt("metadata lies beyond the end of the volume.", part.Offset);
            }

            device.Read(part.Offset, data[..(int)part.Length]);
            data = data[(int)part.Length..];
        }
    }

    /// <summary>Reads a range as it will be once everything is written, without keeping it.</summary>
    /// <param name="range">Where it lies.</param>
    /// <param name="pageSize">Bytes of the pages that it is held in.</param>
    /// <param name="data">Takes the bytes.</param>
    public void Peek(ByteRange range, int pageSize, Span<byte> data)
    {
        ReadParts([range], data);
        for (var page = range.Offset & -(long)pageSize; _dirtyBytes > 0 && page < range.End; page += pageSize)
        {
            if (_buffers.TryGetValue(page, out var buffer) && buffer.IsDirty)
            {
                var start = Math.Max(page, range.Offset);
                var end = Math.Min(page + buffer.Data.Length, range.End);
                buffer.Data.AsSpan((int)(start - page), (int)(end - start)).CopyTo(data[(int)(start - range.Offset)..]);
            }
        }
    }

    /// <summary>Holds what was read ahead, and is as it stands on the volume.</summary>
    public void AddClean(NtfsBuffer buffer)
    {
        if (!_buffers.ContainsKey(buffer.Address))
        {
            Add(buffer);
        }
    }

    /// <summary>A structure that starts as zeros, whatever stood there.</summary>
    public NtfsBuffer Create(ByteRange[] parts, bool isProtected)
    {
        Forget(parts);
        var buffer = Add(new NtfsBuffer(parts, new byte[parts.Sum(p => p.Length)], isProtected));
        Change(buffer);
        return buffer;
    }

    /// <summary>Must be called before a buffer is changed.</summary>
    public void Change(NtfsBuffer buffer)
    {
        Save(buffer.Address, buffer);
        if (!buffer.IsDirty)
        {
            buffer.IsDirty = true;
            _dirtyBytes += buffer.Data.Length;
        }
    }

    /// <summary>Drops what lies in freed or newly allocated space, so that it is not written over what comes to stand there.</summary>
    public void Forget(params ReadOnlySpan<ByteRange> ranges)
    {
        foreach (var range in ranges)
        {
            if (range.Length / NtfsFixups.Stride < _buffers.Count)
            {
                for (var address = range.Offset; address < range.End; address += NtfsFixups.Stride)
                {
                    ForgetAt(address);
                }
            }
            else
            {
                foreach (var address in _buffers.Keys.Where(a => a >= range.Offset && a < range.End).ToArray())
                {
                    ForgetAt(address);
                }
            }
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
        if (_dirtyBytes > DirtyBytes)
        {
            WriteBack();
        }
    }

    public void Rollback()
    {
        foreach (var (address, saved) in _undo ?? [])
        {
            if (_buffers.TryGetValue(address, out var current))
            {
                Drop(current);
            }

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
        if (_undo is not null || _bytes - _dirtyBytes <= CleanBytes)
        {
            return;
        }

        var clean = _buffers.Values.Where(b => !b.IsDirty).OrderBy(b => b.LastUse).ToArray();
        foreach (var buffer in clean.Take((clean.Length + 1) / 2))
        {
            Drop(buffer);
        }
    }

    /// <summary>Writes every changed buffer to the volume, in the order of their places, and neighbours together.</summary>
    public void WriteBack()
    {
        var writer = new NtfsRunWriter(device);
        foreach (var buffer in _buffers.Values.Where(b => b.IsDirty).OrderBy(b => b.Address))
        {
            ReadOnlySpan<byte> data = buffer.Data;
            if (buffer.IsProtected)
            {
                NtfsFixups.Apply(buffer.Data);
            }

            if (buffer.MirrorAddress is { } mirror)
            {
                device.Write(mirror, data);
            }

            foreach (var part in buffer.Parts)
            {
                writer.Write(part.Offset, data[..(int)part.Length]);
                data = data[(int)part.Length..];
            }

            if (buffer.IsProtected)
            {
                _ = NtfsFixups.TryUndo(buffer.Data);
            }
        }

        writer.Flush();
        foreach (var buffer in _buffers.Values)
        {
            buffer.IsDirty = false;
        }

        _dirtyBytes = 0;
    }

    private void ForgetAt(long address)
    {
        if (_buffers.TryGetValue(address, out var buffer))
        {
            Save(address, buffer);
            Drop(buffer);
        }
    }

    private NtfsBuffer Add(NtfsBuffer buffer)
    {
        _buffers.Add(buffer.Address, buffer);
        _bytes += buffer.Data.Length;
        _dirtyBytes += buffer.IsDirty ? buffer.Data.Length : 0;
        buffer.LastUse = ++_clock;
        return buffer;
    }

    private void Drop(NtfsBuffer buffer)
    {
        _buffers.Remove(buffer.Address);
        _bytes -= buffer.Data.Length;
        _dirtyBytes -= buffer.IsDirty ? buffer.Data.Length : 0;
    }

    /// <summary>What is unchanged can be read again; what was changed by an earlier operation is copied.</summary>
    private void Save(long address, NtfsBuffer buffer) =>
        _undo?.TryAdd(address, buffer.IsDirty ? buffer.Copy() : null);
}
