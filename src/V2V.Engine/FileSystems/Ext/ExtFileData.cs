namespace V2V.Engine.FileSystems.Ext;

/// <summary>The contents of a regular file or symbolic link. Data goes to the volume directly, not through the block cache.</summary>
internal sealed class ExtFileData(ExtVolume volume, ExtInode inode)
{
    /// <summary>Without the large_file feature a file ends here.</summary>
    private const long SmallFileLimit = int.MaxValue;

    private bool IsInline => inode.Flags.HasFlag(ExtInodeFlags.InlineData);

    /// <summary>Reads up to <c>buffer.Length</c> bytes; returns how many (0 at the end).</summary>
    public int Read(long offset, Span<byte> buffer)
    {
        var size = inode.Size;
        if (offset >= size || buffer.IsEmpty)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, size - offset)];
        if (IsInline)
        {
            var content = ExtInlineData.Read(volume, inode);
            if (size > content.Length)
            {
                throw ExtErrors.Corrupt($"inode {inode.Number} gives {size} bytes of inline data, but holds {content.Length}.");
            }

            content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
            return buffer.Length;
        }

        var map = ExtBlockMap.For(volume, inode);
        for (var done = 0; done < buffer.Length;)
        {
            var within = (int)((offset + done) % volume.BlockSize);
            var wanted = ((long)within + buffer.Length - done + volume.BlockSize - 1) / volume.BlockSize;
            var run = map.Lookup((offset + done) / volume.BlockSize, wanted);
            var part = buffer.Slice(done, (int)Math.Min(buffer.Length - done, run.Length * volume.BlockSize - within));
            if (run.State == ExtRunState.Written)
            {
                volume.Device.Read(run.Physical * volume.BlockSize + within, part);
            }
            else
            {
                part.Clear();
            }

            done += part.Length;
        }

        return buffer.Length;
    }

    /// <summary>The target of a symbolic link: in i_block when it is short, inline, or in a block.</summary>
    public byte[] ReadLinkTarget()
    {
        var size = inode.Size;
        if (size == 0 || size > volume.BlockSize)
        {
            throw ExtErrors.Corrupt($"symbolic link {inode.Number} gives a target of {size} bytes.");
        }

        if (IsFastLink())
        {
            return inode.BlockArea[..(int)size].ToArray();
        }

        var target = new byte[size];
        Read(0, target);

        // The kernel ends a target at the first NUL, wherever i_size points.
        var end = target.AsSpan().IndexOf((byte)0);
        return end < 0 ? target : target[..end];
    }

    /// <summary>Writes data, allocating what is missing; everything that can fail comes before the first byte of data.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        var end = CheckSize(offset + data.Length);
        if (IsInline)
        {
            var content = ExtInlineData.Read(volume, inode);
            var size = (int)Math.Min(inode.Size, content.Length);
            if (end <= content.Length)
            {
                content.AsSpan(size).Clear();
                data.CopyTo(content.AsSpan((int)offset));
                ExtInlineData.Write(volume, inode, content);
                inode.Size = Math.Max(inode.Size, end);
                return;
            }

            MoveOutOfInode(content.AsSpan(0, size));
        }

        var oldSize = inode.Size;
        var runs = MapForWriting(offset / volume.BlockSize, (end - 1) / volume.BlockSize);
        if (end > oldSize)
        {
            SetSize(end);
            ClearTail(oldSize);
        }

        foreach (var (run, isFresh) in runs)
        {
            var position = run.Physical * volume.BlockSize;
            var first = Math.Max(offset, run.Logical * volume.BlockSize);
            var last = Math.Min(end, run.End * volume.BlockSize);
            var before = (int)(first - run.Logical * volume.BlockSize);
            var after = (int)(run.End * volume.BlockSize - last);
            if (isFresh && before > 0)
            {
                volume.Device.Write(position, new byte[before]);
            }

            volume.Device.Write(position + before, data[(int)(first - offset)..(int)(last - offset)]);
            if (isFresh && after > 0)
            {
                volume.Device.Write(position + before + (last - first), new byte[after]);
            }
        }
    }

    /// <summary>Sets the length: what is cut off is freed, what is added is a hole.</summary>
    public void Truncate(long length)
    {
        var oldSize = inode.Size;
        CheckSize(length);
        if (IsInline)
        {
            var content = ExtInlineData.Read(volume, inode);
            var kept = (int)Math.Min(Math.Min(oldSize, length), content.Length);
            if (length <= content.Length)
            {
                content.AsSpan(kept).Clear();
                ExtInlineData.Write(volume, inode, content.AsSpan(0, (int)Math.Max(length, ExtInode.BlockAreaSize)));
                inode.Size = length;
                return;
            }

            MoveOutOfInode(content.AsSpan(0, kept));
            oldSize = inode.Size;
        }

        if (length < oldSize)
        {
            ExtBlockMap.For(volume, inode).Truncate((length + volume.BlockSize - 1) / volume.BlockSize);
            SetSize(length);
            ClearTail(length);
        }
        else if (length > oldSize)
        {
            SetSize(length);
            ClearTail(oldSize);
        }
    }

    /// <summary>Stores a new symbolic link's target.</summary>
    public void WriteLinkTarget(byte[] target)
    {
        inode.Size = target.Length;
        if (target.Length < ExtInode.BlockAreaSize)
        {
            target.CopyTo(inode.ModifyBlockArea());
            return;
        }

        ExtInlineData.InitialiseMap(volume, inode);
        var block = Allocate(0, 1, volume.Allocator.Goal(inode)).Physical;

        // The rest of the block is zeros, as the kernel expects a terminated string.
        var data = new byte[volume.BlockSize];
        target.CopyTo(data, 0);
        volume.Device.Write(block * volume.BlockSize, data);
    }

    /// <summary>Finishes an interrupted truncation: frees the blocks behind the end.</summary>
    public void TrimBehindEnd()
    {
        if (!IsInline)
        {
            ExtBlockMap.For(volume, inode).Truncate((inode.Size + volume.BlockSize - 1) / volume.BlockSize);
            ClearTail(inode.Size);
        }
    }

    /// <summary>Frees every block that the inode maps.</summary>
    public void Release()
    {
        var hasMap = inode.IsRegular || inode.IsDirectory || (inode.IsSymbolicLink && !IsFastLink());
        if (hasMap && !IsInline)
        {
            ExtBlockMap.For(volume, inode).Truncate(0);
        }
    }

    /// <summary>A link is fast when it has no block besides that of its attributes.</summary>
    private bool IsFastLink()
    {
        var attributeSectors = inode.FileAcl == 0 ? 0 : volume.BlockSize / 512;
        return !IsInline && inode.ReadSectors(volume.Superblock) - attributeSectors == 0 && inode.Size < ExtInode.BlockAreaSize;
    }

    private List<(ExtRun Run, bool IsFresh)> MapForWriting(long first, long last)
    {
        var map = ExtBlockMap.For(volume, inode);
        var runs = new List<(ExtRun Run, bool IsFresh)>();
        var goal = 0L;
        for (var logical = first; logical <= last;)
        {
            var run = map.Lookup(logical, last - logical + 1);
            if (run.State == ExtRunState.Hole)
            {
                if (goal == 0)
                {
                    goal = logical > 0 && map.Lookup(logical - 1, 1) is { State: not ExtRunState.Hole } previous
                        ? previous.Physical + 1
                        : volume.Allocator.Goal(inode);
                }

                run = Allocate(logical, run.Length, goal);
                runs.Add((run, true));
            }
            else
            {
                var isFresh = run.State == ExtRunState.Unwritten;
                if (isFresh)
                {
                    map.MarkWritten(logical, run.Length);
                }

                runs.Add((run, isFresh));
            }

            (logical, goal) = (run.End, run.Physical + run.Length);
        }

        return runs;
    }

    private ExtRun Allocate(long logical, long wanted, long goal)
    {
        var (start, count) = volume.Allocator.Allocate(goal, wanted);
        inode.AddBlocks(count, volume.Superblock);
        ExtBlockMap.For(volume, inode).Insert(logical, start, count);
        return new ExtRun(logical, start, count, ExtRunState.Written);
    }

    private void MoveOutOfInode(ReadOnlySpan<byte> content)
    {
        var kept = content.ToArray();
        ExtInlineData.Remove(volume, inode);
        inode.Size = 0;
        Write(0, kept);
    }

    /// <summary>Clears what stands behind the end in the last block, since growing the file would show it.</summary>
    private void ClearTail(long size)
    {
        var within = (int)(size % volume.BlockSize);
        if (within != 0 && ExtBlockMap.For(volume, inode).Lookup(size / volume.BlockSize, 1) is { State: ExtRunState.Written } run)
        {
            volume.Device.Write(run.Physical * volume.BlockSize + within, new byte[volume.BlockSize - within]);
        }
    }

    private void SetSize(long size)
    {
        inode.Size = size;
        if (size > SmallFileLimit && !volume.RoCompat.HasFlag(ExtReadOnlyCompatFeatures.LargeFile))
        {
            volume.RoCompat |= ExtReadOnlyCompatFeatures.LargeFile;
        }
    }

    private long CheckSize(long size)
    {
        var perInode = IsInline || inode.Flags.HasFlag(ExtInodeFlags.Extents)
            ? (long)uint.MaxValue
            : new ExtIndirectMap(volume, inode).MaxBlocks;
        var limit = volume.Superblock.IsOldRevision ? SmallFileLimit : perInode * volume.BlockSize;
        return size >= 0 && size <= limit
            ? size
            : throw ExtErrors.Full($"Inode {inode.Number} cannot grow to {size} bytes: a file of this file system holds at most {limit}.");
    }
}
