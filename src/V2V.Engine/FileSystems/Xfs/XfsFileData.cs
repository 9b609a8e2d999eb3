namespace V2V.Engine.FileSystems.Xfs;

/// <summary>The contents of a regular file. Data goes to the volume directly, not through the cache.</summary>
internal sealed class XfsFileData(XfsVolume volume, XfsInode inode)
{
    /// <summary>Reads up to <c>buffer.Length</c> bytes; returns how many (0 at the end).</summary>
    public int Read(long offset, Span<byte> buffer)
    {
        if (inode.Flags.HasFlag(XfsInodeFlags.Realtime))
        {
            throw XfsErrors.Unsupported($"Inode {inode.Number} keeps its data on the XFS file system's realtime device, which V2V does not support.");
        }

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

    /// <summary>What of the bytes from <paramref name="position"/> on lies before a logical block.</summary>
    private Span<byte> Clip(Span<byte> bytes, long position, ulong block)
    {
        var wholeBlocks = block - ((ulong)position >> volume.Superblock.BlockLog);
        return wholeBlocks > (ulong)bytes.Length ? bytes : bytes[..(int)Math.Min(bytes.Length, ((long)wholeBlocks << volume.Superblock.BlockLog) - (position & (volume.BlockSize - 1)))];
    }
}
