using System.Buffers.Binary;

namespace V2V.Engine.FileSystems.Fat;

/// <summary>
/// The file allocation table: for each cluster the next one of its file (specification, "FAT Data Structure"). What is set is set in every
/// copy; the upper four bits of FAT32's entries are reserved and stay as they are.
/// </summary>
internal sealed class FatTable(FatBootSector boot, FatCache cache)
{
    public const uint FirstCluster = 2;

    private const uint Free = 0;

    private const uint Mask32 = 0x0FFFFFFF;

    private long? _freeClusters;

    /// <summary>Where the next search for a free cluster begins.</summary>
    private uint _hint = FirstCluster;

    /// <summary>Any value from this on ends a file; the one before marks a bad cluster.</summary>
    private readonly uint _end = boot.Width switch { FatWidth.Fat12 => 0xFF8, FatWidth.Fat16 => 0xFFF8, _ => 0x0FFFFFF8 };

    public long FreeClusters => _freeClusters ??= FreeRuns().Sum(r => (long)r.Count);

    /// <summary>What a change has to restore when it fails.</summary>
    public (long? FreeClusters, uint Hint) State
    {
        get => (_freeClusters, _hint);
        set => (_freeClusters, _hint) = value;
    }

    public uint NextFree
    {
        get => _hint;
        set => _hint = IsCluster(value) ? value : FirstCluster;
    }

    public bool IsCluster(uint number) => number >= FirstCluster && number <= boot.MaxCluster;

    /// <summary>The cluster after one that belongs to a file; null when it is the last.</summary>
    /// <exception cref="GuestFileSystemException">What follows is no cluster.</exception>
    public uint? Next(uint cluster)
    {
        var next = Get(cluster);
        if (next >= _end)
        {
            return null;
        }

        return IsCluster(next)
            ? next
            : throw FatErrors.Corrupt($"cluster {cluster} is followed by {next}, of {boot.ClusterCount} clusters.", Locate(boot.Tables[0], cluster));
    }

    public IEnumerable<FatRun> FreeRuns()
    {
        var start = 0u;
        for (var cluster = FirstCluster; cluster <= boot.MaxCluster; cluster++)
        {
            var isFree = Get(cluster) == Free;
            if (isFree && start == 0)
            {
                start = cluster;
            }
            else if (!isFree && start != 0)
            {
                yield return new FatRun(start, cluster - start);
                start = 0;
            }
        }

        if (start != 0)
        {
            yield return new FatRun(start, boot.MaxCluster + 1 - start);
        }
    }

    /// <summary>Takes free clusters and links them, after the file's last one so far if there is one.</summary>
    /// <param name="count">How many, at least one.</param>
    /// <param name="last">Last cluster of the file, or 0.</param>
    /// <exception cref="GuestFileSystemException">There are not enough.</exception>
    public IReadOnlyList<FatRun> Allocate(long count, uint last)
    {
        if (count > FreeClusters)
        {
            throw FatErrors.Full($"The FAT file system has {FreeClusters} free clusters of {boot.ClusterSize} bytes; {count} are needed.");
        }

        var runs = new List<FatRun>();
        var cluster = last == 0 ? _hint : last;
        var left = count;
        for (var tried = 0L; left > 0; tried++, cluster = cluster >= boot.MaxCluster ? FirstCluster : cluster + 1)
        {
            if (tried > boot.ClusterCount)
            {
                throw FatErrors.Corrupt("free clusters that were counted are not there.");
            }

            if (!IsCluster(cluster) || Get(cluster) != Free)
            {
                continue;
            }

            Set(cluster, _end | 7);
            if (last != 0)
            {
                Set(last, cluster);
            }

            if (runs.Count > 0 && runs[^1].End == cluster)
            {
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            }
            else
            {
                runs.Add(new FatRun(cluster, 1));
            }

            last = cluster;
            left--;
        }

        _freeClusters -= count;
        _hint = last;
        return runs;
    }

    /// <summary>Makes a cluster the last of its file.</summary>
    public void End(uint cluster) => Set(cluster, _end | 7);

    /// <summary>Frees a cluster and all that follow it in its file.</summary>
    public void Release(uint cluster)
    {
        // Counted first, or what is freed here would count twice. A chain that comes back to itself ends at an entry that is free by then.
        var free = FreeClusters;
        for (uint? next = cluster; next is { } current;)
        {
            next = Next(current);
            Set(current, Free);
            free++;
        }

        _freeClusters = free;
    }

    private uint Get(uint cluster)
    {
        Span<byte> raw = stackalloc byte[4];
        var at = Locate(boot.Tables[0], cluster);
        switch (boot.Width)
        {
            case FatWidth.Fat12:
                cache.Read(at, raw[..2]);
                var pair = BinaryPrimitives.ReadUInt16LittleEndian(raw);
                return (uint)((cluster & 1) == 0 ? pair & 0xFFF : pair >> 4);
            case FatWidth.Fat16:
                cache.Read(at, raw[..2]);
                return BinaryPrimitives.ReadUInt16LittleEndian(raw);
            default:
                cache.Read(at, raw);
                return BinaryPrimitives.ReadUInt32LittleEndian(raw) & Mask32;
        }
    }

    private void Set(uint cluster, uint value)
    {
        Span<byte> raw = stackalloc byte[4];
        foreach (var table in boot.Tables)
        {
            var at = Locate(table, cluster);
            switch (boot.Width)
            {
                case FatWidth.Fat12:
                    cache.Read(at, raw[..2]);
                    var pair = (uint)BinaryPrimitives.ReadUInt16LittleEndian(raw);
                    pair = (cluster & 1) == 0 ? (pair & 0xF000) | value : (pair & 0x000F) | (value << 4);
                    BinaryPrimitives.WriteUInt16LittleEndian(raw, (ushort)pair);
                    cache.Write(at, raw[..2]);
                    break;
                case FatWidth.Fat16:
                    BinaryPrimitives.WriteUInt16LittleEndian(raw, (ushort)value);
                    cache.Write(at, raw[..2]);
                    break;
                default:
                    cache.Read(at, raw);
                    BinaryPrimitives.WriteUInt32LittleEndian(raw, (BinaryPrimitives.ReadUInt32LittleEndian(raw) & ~Mask32) | value);
                    cache.Write(at, raw);
                    break;
            }
        }
    }

    private long Locate(long table, uint cluster) => table + ((long)cluster * (int)boot.Width / 8);
}
