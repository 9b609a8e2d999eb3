using System.Collections.Concurrent;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>One <see cref="ClusterPacker"/> for each thread that is writing, kept for its next write.</summary>
internal sealed class ClusterPackerPool(ImageCompression compression) : IDisposable
{
    private readonly ConcurrentBag<ClusterPacker> _idle = [];

    public ClusterPacker Rent() => _idle.TryTake(out var packer) ? packer : new ClusterPacker(ClusterCompressor.Create(compression));

    public void Return(ClusterPacker packer) => _idle.Add(packer);

    public void Dispose()
    {
        while (_idle.TryTake(out var packer))
        {
            packer.Dispose();
        }
    }
}
