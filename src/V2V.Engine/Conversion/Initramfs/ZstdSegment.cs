using V2V.Engine.IO;
using ZstdSharp.Unsafe;
using static ZstdSharp.Unsafe.Methods;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>One zstd frame (RFC 8878, section 3.1.1).</summary>
internal static unsafe class ZstdSegment
{
    /// <summary>The largest window that the kernel's unzstd allows: 128 MiB. Usual images need 8 MiB.</summary>
    private const int MaxWindowLog = 27;

    public static int Decode(ArraySegment<byte> input, ContentSink sink)
    {
        var context = ZSTD_createDCtx();
        try
        {
            Check(ZSTD_DCtx_setParameter(context, ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog));
            var chunk = new byte[CompressedSegment.ChunkSize];
            fixed (byte* source = input.AsSpan())
            fixed (byte* target = chunk)
            {
                var inBuffer = new ZSTD_inBuffer_s { src = source, size = (nuint)input.Count };
                while (true)
                {
                    var outBuffer = new ZSTD_outBuffer_s { dst = target, size = (nuint)chunk.Length };
                    var before = inBuffer.pos;
                    var hint = Check(ZSTD_decompressStream(context, &outBuffer, &inBuffer));
                    if (outBuffer.pos > 0)
                    {
                        sink(chunk.AsSpan(0, (int)outBuffer.pos));
                    }

                    if (hint == 0)
                    {
                        return (int)inBuffer.pos;
                    }

                    if (outBuffer.pos == 0 && inBuffer.pos == before)
                    {
                        throw InitramfsErrors.Malformed("its zstd data ends early", inBuffer.size > 0 ? input.Offset + (long)inBuffer.pos : null);
                    }
                }
            }
        }
        finally
        {
            ZSTD_freeDCtx(context);
        }
    }

    private static nuint Check(nuint result) => ZSTD_isError(result)
        ? throw InitramfsErrors.Malformed($"its zstd data cannot be decoded ({ZSTD_getErrorName(result)})")
        : result;
}
