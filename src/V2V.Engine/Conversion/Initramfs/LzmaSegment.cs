using System.Buffers.Binary;
using SharpCompress.Compressors.LZMA;
using V2V.Engine.IO;

namespace V2V.Engine.Conversion.Initramfs;

/// <summary>One stream of the .lzma ("LZMA alone") format: five bytes of properties, the length or -1, the range coder's data.</summary>
internal static class LzmaSegment
{
    private const int PropertiesLength = 5;
    private const int HeaderLength = PropertiesLength + 8;

    /// <summary>Presets of the lzma and xz programs go up to 64 MiB; the decoder allocates this much.</summary>
    public const uint MaxDictionarySize = 64 << 20;

    public static int Decode(ArraySegment<byte> input, ContentSink sink)
    {
        if (input.Count < HeaderLength)
        {
            throw InitramfsErrors.Malformed("its lzma header ends early");
        }

        var properties = input[..PropertiesLength].ToArray();
        var dictionarySize = BinaryPrimitives.ReadUInt32LittleEndian(properties.AsSpan(1));
        var length = BinaryPrimitives.ReadInt64LittleEndian(input.AsSpan(PropertiesLength));
        if (dictionarySize > MaxDictionarySize || length < -1)
        {
            throw InitramfsErrors.Malformed($"its lzma header asks for a dictionary of {dictionarySize} bytes and a length of {length}");
        }

        using var source = CompressedSegment.OpenRead(input);
        source.Position = HeaderLength;
        using var decoder = LzmaStream.Create(properties, source, inputSize: -1, outputSize: length, leaveOpen: true);
        CompressedSegment.Drain(decoder, sink);
        return (int)source.Position;
    }
}
