using System.Buffers;
using System.Collections.Concurrent;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace V2V.Engine.Disks.Mapping;

/// <summary>Inflates zstd frames (RFC 8878) held in memory, on as many threads as ask; their working memory is kept and used again.</summary>
internal sealed class ZstdInflater : IDisposable
{
    // A frame of one cluster needs a window of 2 MiB at the most; a header that demands 128 MiB is refused.
    private const int MaximumWindowLog = 23;

    private readonly ConcurrentBag<Decompressor> _idle = [];

    /// <summary>What follows the end of the frame is ignored.</summary>
    /// <exception cref="InvalidDataException">The data is damaged or holds fewer bytes than asked for.</exception>
    public void Inflate(ReadOnlySpan<byte> compressed, Span<byte> unit)
    {
        Decompressor decompressor = _idle.TryTake(out Decompressor? idle) ? idle : Create();
        try
        {
            decompressor.ResetStream();
            int filled = 0;
            while (filled < unit.Length)
            {
                OperationStatus status = decompressor.UnwrapStream(compressed, unit[filled..], out int consumed, out int written);
                compressed = compressed[consumed..];
                filled += written;
                if (status == OperationStatus.InvalidData || (consumed == 0 && written == 0) || (status == OperationStatus.Done && filled < unit.Length))
                {
                    throw new InvalidDataException($"it inflates to {filled} bytes instead of {unit.Length}.");
                }
            }

            _idle.Add(decompressor);
        }
        catch (Exception e) when (e is ZstdException or InvalidDataException)
        {
            // Its state is unknown now.
            decompressor.Dispose();
            throw new InvalidDataException(e.Message, e);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out Decompressor? decompressor))
        {
            decompressor.Dispose();
        }
    }

    private static Decompressor Create()
    {
        var decompressor = new Decompressor();
        decompressor.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaximumWindowLog);
        return decompressor;
    }
}
