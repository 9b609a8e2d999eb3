namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Compresses a run of guest clusters into one buffer, so that they go into the file with one write. Belongs to one thread at a time and is
/// used again and again.
/// </summary>
internal sealed class ClusterPacker(ClusterCompressor compressor) : IDisposable
{
    // A chunk of the copy: a packer takes little more than a buffer of it.
    private const int MaximumClusters = CopyBudget.ChunkSize / Qcow2Format.ClusterSize;

    private readonly byte[] _packed = new byte[MaximumClusters * Qcow2Format.ClusterSize];
    private readonly byte[] _partial = new byte[Qcow2Format.ClusterSize];
    private readonly int[] _lengths = new int[MaximumClusters];
    private readonly long[] _clusters = new long[MaximumClusters];
    private readonly List<(int Start, int Length)> _incompressible = new(MaximumClusters);
    private int _count;
    private int _used;

    /// <summary>Compressed data of <see cref="Clusters"/>, one after the other.</summary>
    public ReadOnlySpan<byte> Packed => _packed.AsSpan(0, _used);

    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, _count);

    /// <summary>Numbers of the guest clusters that were compressed.</summary>
    public ReadOnlySpan<long> Clusters => _clusters.AsSpan(0, _count);

    /// <summary>The parts of the data, in whole clusters, that compression does not make smaller.</summary>
    public IReadOnlyList<(int Start, int Length)> Incompressible => _incompressible;

    /// <summary>Compresses as many clusters as the buffer has room for; returns how many bytes of <paramref name="data"/> these are.</summary>
    public int Pack(long offset, ReadOnlySpan<byte> data)
    {
        _count = _used = 0;
        _incompressible.Clear();
        var taken = 0;
        for (var i = 0; i < MaximumClusters && taken < data.Length; i++)
        {
            var position = offset + taken;
            var inCluster = (int)(position & (Qcow2Format.ClusterSize - 1));
            var length = Math.Min(data.Length - taken, Qcow2Format.ClusterSize - inCluster);
            var cluster = length == Qcow2Format.ClusterSize ? data.Slice(taken, length) : Pad(inCluster, data.Slice(taken, length));
            if (compressor.TryCompress(cluster, _packed.AsSpan(_used, Qcow2Format.ClusterSize), out var compressed))
            {
                _lengths[_count] = compressed;
                _clusters[_count] = position >> Qcow2Format.ClusterBits;
                _count++;
                _used += compressed;
            }
            else
            {
                AddIncompressible(taken, length);
            }

            taken += length;
        }

        return taken;
    }

    public void Dispose() => compressor.Dispose();

    private ReadOnlySpan<byte> Pad(int inCluster, ReadOnlySpan<byte> part)
    {
        _partial.AsSpan().Clear();
        part.CopyTo(_partial.AsSpan(inCluster));
        return _partial;
    }

    private void AddIncompressible(int start, int length)
    {
        if (_incompressible.Count > 0 && _incompressible[^1].Start + _incompressible[^1].Length == start)
        {
            _incompressible[^1] = (_incompressible[^1].Start, _incompressible[^1].Length + length);
        }
        else
        {
            _incompressible.Add((start, length));
        }
    }
}
