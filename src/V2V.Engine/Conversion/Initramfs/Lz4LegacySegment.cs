using System.Buffers;
using System.Buffers.Binary;
using K4os.Compression.LZ4;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>
/// The legacy frame of lz4 ("lz4 -l"): a magic number, then blocks, each after its compressed size. Nothing marks its end but the end of
/// the file; kernels since 5.14 also take a size of zero for it.
/// </summary>
internal static class Lz4LegacySegment
{
    private const uint Magic = 0x184C2102;

    /// <summary>What every block but the last decodes to.</summary>
    private const int BlockSize = 8 << 20;

    public static int Decode(ArraySegment<byte> input, ContentSink sink)
    {
        var data = input.AsSpan();
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var offset = 0;
            while (data.Length - offset >= sizeof(uint))
            {
                var size = BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);
                if (size == Magic)
                {
                    offset += sizeof(uint);
                    continue;
                }

                if (offset == 0)
                {
                    throw InitramfsErrors.Malformed("it starts like lz4 data but is not", input.Offset);
                }

                if (size == 0)
                {
                    break;
                }

                offset += sizeof(uint);
                if (size > data.Length - offset)
                {
                    throw InitramfsErrors.Malformed("its lz4 data ends early or is followed by something else", input.Offset + offset);
                }

                var decoded = LZ4Codec.Decode(data.Slice(offset, (int)size), block.AsSpan(0, BlockSize));
                if (decoded < 0)
                {
                    throw InitramfsErrors.Malformed("a block of its lz4 data cannot be decoded", input.Offset + offset);
                }

                sink(block.AsSpan(0, decoded));
                offset += (int)size;
            }

            return offset;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
