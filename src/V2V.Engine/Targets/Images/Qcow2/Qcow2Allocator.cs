using System.Runtime.InteropServices;
using V2V.Engine.FileSystems;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Hands out space in the image file at its end, so that no cluster is ever unused; one that was begun by another process may have free clusters,
/// which come first. Whole clusters have one reference; clusters into which compressed data is packed have one from each guest cluster that touches
/// them, and only these are counted in memory. Thread-safe.
/// </summary>
internal sealed class Qcow2Allocator
{
    private readonly Lock _lock = new();

    // Counts of packed clusters by host cluster, a page for each refcount block: 32 MiB for 1 TiB of compressed image. 0 stands for "not packed".
    private readonly List<ushort[]?> _packedReferences = [];

    // Runs of clusters before the end that nobody has, by how many they are. Only a file that another process has begun has any.
    private readonly Dictionary<long, Stack<long>> _free = [];
    private readonly SortedSet<long> _freeCounts = [];

    private long _end = Qcow2Format.ClusterSize; // the header's cluster is taken
    private long _packedPosition;
    private long _packedEnd;

    /// <summary>First byte behind everything that was handed out, a multiple of the cluster size.</summary>
    public long End
    {
        get
        {
            lock (_lock)
            {
                return _end;
            }
        }
    }

    /// <summary>Says that clusters are taken already, in a file of which nothing was handed out yet. Those between them are free.</summary>
    /// <param name="ranges">Ranges of the file behind its first cluster, in ascending order. They start on clusters.</param>
    public void Occupy(IReadOnlyList<ByteRange> ranges)
    {
        lock (_lock)
        {
            foreach (var range in ranges)
            {
                AddFree(_end, (range.Offset - _end) >> Qcow2Format.ClusterBits);
                _end = Qcow2Format.ClustersFor(range.End) << Qcow2Format.ClusterBits;
            }
        }
    }

    /// <summary>Takes contiguous clusters; returns the host offset of the first.</summary>
    public long AllocateClusters(long count)
    {
        lock (_lock)
        {
            if (TakeFree(count) is { } free)
            {
                return free;
            }

            return AllocateAtEnd(count);
        }
    }

    /// <summary>Gives clusters back, from <paramref name="offset"/> on, to be handed out again.</summary>
    public void Release(long offset, long count)
    {
        lock (_lock)
        {
            AddFree(offset, count);
        }
    }

    /// <summary>As <see cref="AllocateClusters"/>, behind everything that was handed out.</summary>
    public long AllocateAtEnd(long count)
    {
        lock (_lock)
        {
            var offset = _end;
            _end += count * Qcow2Format.ClusterSize;
            return offset;
        }
    }

    /// <summary>
    /// Takes contiguous bytes for the compressed data of several guest clusters, packed without gaps behind what was packed before; returns the
    /// host offset of the first. Where something else lies behind that, only as many are taken as the last cluster has room for, and the
    /// caller asks again for the rest.
    /// </summary>
    /// <param name="lengths">Bytes of each guest cluster's data, at the most a cluster.</param>
    /// <param name="count">How many of them were taken; at least one.</param>
    public long AllocatePacked(ReadOnlySpan<int> lengths, out int count)
    {
        lock (_lock)
        {
            count = 0;
            long total = 0;
            var isLast = _packedEnd == _end;
            while (count < lengths.Length && (isLast || total + lengths[count] <= _packedEnd - _packedPosition))
            {
                total += lengths[count++];
            }

            if (count == 0)
            {
                _packedPosition = _packedEnd = _end;
                foreach (var length in lengths)
                {
                    total += length;
                }

                count = lengths.Length;
            }

            if (total > _packedEnd - _packedPosition)
            {
                _packedEnd = Qcow2Format.ClustersFor(_packedPosition + total) * Qcow2Format.ClusterSize;
                _end = _packedEnd;
            }

            var offset = _packedPosition;
            foreach (var length in lengths[..count])
            {
                var last = (_packedPosition + length - 1) >> Qcow2Format.ClusterBits;
                for (var cluster = _packedPosition >> Qcow2Format.ClusterBits; cluster <= last; cluster++)
                {
                    PackedReference(cluster)++;
                }

                _packedPosition += length;
            }

            return offset;
        }
    }

    /// <summary>
    /// Fills in the reference counts of the clusters from <paramref name="firstCluster"/> on. All of them must have been allocated, or be free between
    /// those that were.
    /// </summary>
    public void GetReferences(long firstCluster, Span<ushort> counts)
    {
        lock (_lock)
        {
            var free = FreeClusters(firstCluster, counts.Length);
            for (var i = 0; i < counts.Length; i++)
            {
                var (page, index) = Math.DivRem(firstCluster + i, Qcow2Format.RefcountBlockEntries);
                var packed = page < _packedReferences.Count && _packedReferences[(int)page] is { } counted ? counted[index] : 0;
                counts[i] = (ushort)(free.Contains(firstCluster + i) ? 0 : Math.Max(1, packed));
            }
        }
    }

    private void AddFree(long offset, long count)
    {
        if (count == 0)
        {
            return;
        }

        if (!_free.TryGetValue(count, out var offsets))
        {
            _free.Add(count, offsets = new Stack<long>());
            _freeCounts.Add(count);
        }

        offsets.Push(offset);
    }

    /// <summary>Takes clusters from the smallest free run that has so many.</summary>
    private long? TakeFree(long count)
    {
        if (_freeCounts.Count == 0 || _freeCounts.Max < count)
        {
            return null;
        }

        var found = _freeCounts.GetViewBetween(count, long.MaxValue).Min;
        var offset = _free[found].Pop();
        if (_free[found].Count == 0)
        {
            _free.Remove(found);
            _freeCounts.Remove(found);
        }

        AddFree(offset + (count << Qcow2Format.ClusterBits), found - count);
        return offset;
    }

    private HashSet<long> FreeClusters(long first, int count)
    {
        HashSet<long> free = [];
        foreach (var (length, offsets) in _free)
        {
            foreach (var start in offsets.Select(o => o >> Qcow2Format.ClusterBits))
            {
                for (var cluster = Math.Max(start, first); cluster < Math.Min(start + length, first + count); cluster++)
                {
                    free.Add(cluster);
                }
            }
        }

        return free;
    }

    private ref ushort PackedReference(long cluster)
    {
        var (page, index) = Math.DivRem(cluster, Qcow2Format.RefcountBlockEntries);
        while (_packedReferences.Count <= page)
        {
            _packedReferences.Add(null);
        }

        ref var counts = ref CollectionsMarshal.AsSpan(_packedReferences)[(int)page];
        counts ??= new ushort[Qcow2Format.RefcountBlockEntries];
        return ref counts[index];
    }
}
