namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The contents of a regular file. Data goes to the volume directly, not through the cache.</summary>
internal sealed class XfsFileData(XfsVolume volume, XfsInode inode)
{
    /// <summary>Reads up to <c>buffer.Length</c> bytes; returns how many (0 at the end).</summary>
    public int Read(long offset, Span<byte> buffer)
    {
        RefuseRealtime();
        var size = inode.Size;
        if (offset >= size || buffer.IsEmpty)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, size - offset)];
        for (var done = 0; done < buffer.Length;)
        {
            var position = offset + done;
            var block = (ulong)position >> volume.Superblock.BlockLog;
            var extent = inode.DataFork.Extents.FindAtOrAfter(block);
            var rest = buffer[done..];
            if (extent is { } e && e.Offset <= block)
            {
                rest = Clip(rest, position, e.End);
                if (e.IsUnwritten)
                {
                    rest.Clear();
                }
                else
                {
                    var within = position & (volume.BlockSize - 1);
                    volume.Device.Read(volume.Superblock.ByteOf(e.Slice(block, 1).Block) + within, rest);
                }
            }
            else
            {
                rest = Clip(rest, position, extent?.Offset ?? XfsExtent.MaxOffset);
                rest.Clear();
            }

            done += rest.Length;
        }

        return buffer.Length;
    }

    /// <summary>Writes data, allocating what is missing; everything that can fail comes before the first byte of data.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        RefuseRealtime();
        if (data.IsEmpty)
        {
            return;
        }

        var oldSize = inode.Size;
        var end = CheckSize(offset + data.Length);
        var runs = Map(offset, end);
        if (end > oldSize)
        {
            ClearTail(oldSize);
            inode.Size = end;
        }

        Store(offset, data, runs);
    }

    /// <summary>Sets the length: what is cut off is freed, what is added is a hole.</summary>
    public void Truncate(long length)
    {
        RefuseRealtime();
        var oldSize = inode.Size;
        CheckSize(length);
        if (length < oldSize)
        {
            var blocks = (ulong)(length + volume.BlockSize - 1) >> volume.Superblock.BlockLog;
            new XfsForkSpace(inode.DataFork).Free(blocks, XfsExtent.MaxOffset);
        }

        if (length != oldSize)
        {
            ClearTail(Math.Min(length, oldSize));
            inode.Size = length;
        }
    }

    /// <summary>Sees to it that the file has blocks of its own for all of the bytes.</summary>
    private List<Run> Map(long offset, long end)
    {
        var space = new XfsForkSpace(inode.DataFork);
        var runs = new List<Run>();
        var last = (ulong)(end - 1) >> volume.Superblock.BlockLog;
        for (var block = (ulong)offset >> volume.Superblock.BlockLog; block <= last;)
        {
            var extent = inode.DataFork.Extents.FindAtOrAfter(block);
            if (extent is not { } found || found.Offset > block)
            {
                var hole = Math.Min(last + 1, extent?.Offset ?? ulong.MaxValue) - block;
                runs.Add(new Run(space.AllocateSome(block, hole), RunOrigin.Fresh, 0));
            }
            else
            {
                var part = found.Slice(block, Math.Min(last + 1, found.End) - block);
                if (found.IsUnwritten)
                {
                    space.MarkWritten(found, part);
                    runs.Add(new Run(part, RunOrigin.Fresh, 0));
                }
                else if (space.Unshare(part) is { } copy)
                {
                    runs.Add(new Run(copy, RunOrigin.Copied, part.Block));
                }
                else
                {
                    part = part with { Count = space.CountUnshared(part) };
                    runs.Add(new Run(part, RunOrigin.Own, 0));
                }
            }

            block = runs[^1].Extent.End;
        }

        return runs;
    }

    /// <summary>Writes the bytes to their runs, and fills the rest of blocks that had other contents before.</summary>
    private void Store(long offset, ReadOnlySpan<byte> data, List<Run> runs)
    {
        var end = offset + data.Length;
        foreach (var (extent, origin, source) in runs)
        {
            var (start, stop) = ((long)extent.Offset << volume.Superblock.BlockLog, (long)extent.End << volume.Superblock.BlockLog);
            var position = volume.Superblock.ByteOf(extent.Block);
            var (first, last) = (Math.Max(offset, start), Math.Min(end, stop));
            Fill(position, 0, (int)(first - start));
            volume.Device.Write(position + (first - start), data[(int)(first - offset)..(int)(last - offset)]);
            Fill(position, last - start, (int)(stop - last));

            void Fill(long target, long from, int length)
            {
                if (origin == RunOrigin.Own || length == 0)
                {
                    return;
                }

                var rest = new byte[length];
                if (origin == RunOrigin.Copied)
                {
                    volume.Device.Read(volume.Superblock.ByteOf(source) + from, rest);
                }

                volume.Device.Write(target + from, rest);
            }
        }
    }

    /// <summary>Clears what stands behind the end in the last block, since growing the file would show it.</summary>
    private void ClearTail(long size)
    {
        var within = (int)(size & (volume.BlockSize - 1));
        var block = (ulong)size >> volume.Superblock.BlockLog;
        if (within == 0 || inode.DataFork.Extents.FindAtOrAfter(block) is not { IsUnwritten: false } extent || extent.Offset > block)
        {
            return;
        }

        var tail = new byte[volume.BlockSize - within];
        volume.Device.Read(volume.Superblock.ByteOf(extent.Slice(block, 1).Block) + within, tail);
        if (tail.AsSpan().ContainsAnyExcept((byte)0))
        {
            tail.AsSpan().Clear();
            Store(size, tail, Map(size, size + tail.Length));
        }
    }

    private long CheckSize(long size) => size >= 0 && (ulong)size >> volume.Superblock.BlockLog < XfsExtent.MaxOffset
        ? size
        : throw XfsErrors.Full($"Inode {inode.Number} cannot grow to {size} bytes.");

    private void RefuseRealtime()
    {
        if (inode.Flags.HasFlag(XfsInodeFlags.Realtime))
        {
            throw XfsErrors.Unsupported($"Inode {inode.Number} keeps its data on the XFS file system's realtime device, which V2V does not support.");
        }
    }

    /// <summary>What the blocks of a run hold that are not written over.</summary>
    private enum RunOrigin
    {
        /// <summary>The file's data.</summary>
        Own,

        /// <summary>Anything: it has to be zeros.</summary>
        Fresh,

        /// <summary>Anything: it has to be what other blocks, shared until now, hold.</summary>
        Copied,
    }

    private readonly record struct Run(XfsExtent Extent, RunOrigin Origin, ulong Source);

    /// <summary>What of the bytes from <paramref name="position"/> on lies before a logical block.</summary>
    private Span<byte> Clip(Span<byte> bytes, long position, ulong block)
    {
        var wholeBlocks = block - ((ulong)position >> volume.Superblock.BlockLog);
        return wholeBlocks > (ulong)bytes.Length ? bytes : bytes[..(int)Math.Min(bytes.Length, ((long)wholeBlocks << volume.Superblock.BlockLog) - (position & (volume.BlockSize - 1)))];
    }
}
