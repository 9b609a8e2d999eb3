namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// Reads and writes the contents of a file. FAT has no holes: what a file grows over is filled with zeros. Contents are written at once, to
/// clusters that are the file's already or that nothing on the volume refers to until the entry is stored.
/// </summary>
internal sealed class FatFileData(FatVolume volume, FatFile file)
{
    private static readonly byte[] Zeros = new byte[65536];

    private long Length => file.Entry.Length;

    public int Read(long offset, Span<byte> buffer)
    {
        var length = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        var chain = volume.ChainOf(file);
        for (var done = 0; done < length;)
        {
            var (position, count) = Locate(chain, offset + done);
            count = Math.Min(count, length - done);
            volume.Device.Read(position, buffer.Slice(done, (int)count));
            done += (int)count;
        }

        return length;
    }

    /// <returns>The entry to store.</returns>
    public FatDirectoryEntry Write(long offset, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return file.Entry;
        }

        var end = offset > uint.MaxValue ? long.MaxValue : offset + data.Length;
        var chain = Reserve(Math.Max(end, Length), out var entry);
        Clear(chain, Length, offset);
        Put(chain, offset, data);
        return entry;
    }

    /// <returns>The entry to store.</returns>
    public FatDirectoryEntry Truncate(long length)
    {
        if (length > Length)
        {
            Clear(Reserve(length, out var grown), Length, length);
            return grown;
        }

        var kept = volume.ClustersOf(length);
        if (kept == 0)
        {
            if (file.Cluster != 0)
            {
                volume.Table.Release(file.Cluster);
            }

            return file.Entry with { FirstCluster = 0, Length = 0 };
        }

        var last = volume.ChainOf(file).Find((uint)kept - 1).Start;
        if (volume.Table.Next(last) is { } rest)
        {
            volume.Table.Release(rest);
            volume.Table.End(last);
        }

        return file.Entry with { Length = (uint)length };
    }

    /// <summary>Sees that the file has clusters for so many bytes. It may have had more than its length needs.</summary>
    private FatChain Reserve(long length, out FatDirectoryEntry entry)
    {
        if (length > uint.MaxValue)
        {
            throw FatErrors.Full($"{file.Name} would become longer than 4 GiB, which FAT does not allow.");
        }

        var chain = FatChain.Read(volume.Table, file.Cluster, volume.Boot.ClusterCount);
        var first = file.Cluster;
        var needed = volume.ClustersOf(length);
        if (chain.Count < needed)
        {
            foreach (var run in volume.Table.Allocate(needed - chain.Count, chain.Last))
            {
                first = first == 0 ? run.Start : first;
                chain.Add(run);
            }
        }

        entry = file.Entry with { FirstCluster = first, Length = (uint)length };
        return chain;
    }

    /// <summary>Fills with zeros from one offset to another, if that comes later.</summary>
    private void Clear(FatChain chain, long start, long end)
    {
        for (var at = start; at < end;)
        {
            var count = (int)Math.Min(end - at, Zeros.Length);
            Put(chain, at, Zeros.AsSpan(0, count));
            at += count;
        }
    }

    private void Put(FatChain chain, long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var (position, room) = Locate(chain, offset);
            var count = (int)Math.Min(room, data.Length);
            volume.Cache.Discard(position, count);
            volume.Device.Write(position, data[..count]);
            data = data[count..];
            offset += count;
        }
    }

    /// <summary>Where a byte of the file stands on the volume, and how many follow it there.</summary>
    private (long Position, long Count) Locate(FatChain chain, long offset)
    {
        var size = volume.Boot.ClusterSize;
        var run = chain.Find((uint)(offset / size));
        var within = offset % size;
        return (volume.Boot.OffsetOf(run.Start) + within, (run.Count * (long)size) - within);
    }
}
