using System.IO.Compression;

namespace V2V.Engine.Targets.Images.Qcow2;

/// <summary>
/// Compression type 0, which the format calls zlib: raw deflate (RFC 1951) without zlib's header. QEMU deflates with a window of 4 KiB, but
/// inflates a cluster in one go, for which the full window of 32 KiB is as good.
/// </summary>
internal sealed class DeflateClusterCompressor : ClusterCompressor
{
    private readonly BoundedStream _output = new();

    protected override bool TryCompressInto(ReadOnlySpan<byte> cluster, Span<byte> destination, out int length)
    {
        _output.Restart(destination.Length);
        using (var deflate = new DeflateStream(_output, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(cluster);
        }

        length = _output.Count;
        if (_output.Overflowed)
        {
            return false;
        }

        _output.Written.CopyTo(destination);
        return true;
    }

    /// <summary>Takes bytes up to a limit and drops the rest.</summary>
    private sealed class BoundedStream : Stream
    {
        private readonly byte[] _bytes = new byte[Qcow2Format.ClusterSize];
        private int _limit;

        public int Count { get; private set; }

        public bool Overflowed { get; private set; }

        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Restart(int limit)
        {
            _limit = limit;
            Count = 0;
            Overflowed = false;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Overflowed |= buffer.Length > _limit - Count;
            if (!Overflowed)
            {
                buffer.CopyTo(_bytes.AsSpan(Count));
                Count += buffer.Length;
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
