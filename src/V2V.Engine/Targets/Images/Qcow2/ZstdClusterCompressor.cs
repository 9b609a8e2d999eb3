using ZstdSharp;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>Compression type 1: one zstd frame a cluster.</summary>
internal sealed class ZstdClusterCompressor : ClusterCompressor
{
    private readonly Compressor _compressor = new();

    protected override bool TryCompressInto(ReadOnlySpan<byte> cluster, Span<byte> destination, out int length) =>
        _compressor.TryWrap(cluster, destination, out length);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _compressor.Dispose();
        }

        base.Dispose(disposing);
    }
}
