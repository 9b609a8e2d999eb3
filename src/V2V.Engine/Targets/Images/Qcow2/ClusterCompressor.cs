namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>Compresses single clusters. Not thread-safe.</summary>
internal abstract class ClusterCompressor : IDisposable
{
    // A reader inflates a whole cluster for each sector that it wants: what saves less than this is not worth it.
    private const int MinimumSaving = 4096;

    public static ClusterCompressor Create(ImageCompression compression) => compression switch
    {
        ImageCompression.Zlib => new DeflateClusterCompressor(),
        ImageCompression.Zstd => new ZstdClusterCompressor(),
        _ => throw new ArgumentOutOfRangeException(nameof(compression)),
    };

    /// <summary>Compresses a cluster; false when that does not make it smaller by something.</summary>
    public bool TryCompress(ReadOnlySpan<byte> cluster, Span<byte> destination, out int length) =>
        TryCompressInto(cluster, destination[..(Qcow2Format.ClusterSize - MinimumSaving)], out length);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>False when the compressed cluster does not fit into <paramref name="destination"/>.</summary>
    protected abstract bool TryCompressInto(ReadOnlySpan<byte> cluster, Span<byte> destination, out int length);

    protected virtual void Dispose(bool disposing)
    {
    }
}
