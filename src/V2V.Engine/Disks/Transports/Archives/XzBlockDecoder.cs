using System.Buffers.Binary;
using System.Security.Cryptography;
using V2V.Engine.IO;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>Takes part of what a packed file holds.</summary>
/// <param name="offset">Where it stands in the content.</param>
/// <param name="data">The bytes.</param>
internal delegate void StoreContent(long offset, ReadOnlySpan<byte> data);

/// <summary>Decodes one block of an .xz file, chunk by chunk: a header, LZMA2 data, padding, a checksum (specification 1.1.0, section 3).</summary>
internal sealed class XzBlockDecoder
{
    private const int BufferSize = 1 << 20;
    private const int FilterLzma2 = 0x21;
    private const int FilterX86 = 0x04;

    /// <summary>The property 0 .. 40 stands for 4 KiB .. 4 GiB in half powers of two; 32 is 256 MiB. The presets of xz need 64 MiB.</summary>
    private const byte MaximumDictionaryProperty = 32;

    private static class Check
    {
        public const int Crc32 = 1;
        public const int Crc64 = 4;
        public const int Sha256 = 10;
    }

    private readonly DiskFile _file;
    private readonly XzBlock _block;
    private readonly Lzma2Decoder _decoder;
    private readonly ContentSink _sink;
    private readonly IncrementalHash? _hash;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly long _dataEnd;
    private ReadOnlyMemory<byte> _input;
    private long _position;
    private long _decoded;
    private ulong _crc;

    public XzBlockDecoder(DiskFile file, XzBlock block, StoreContent store)
    {
        _file = file;
        _block = block;
        _position = block.Start;
        int headerLength = ReadHeader(out int dictionarySize);
        _position = block.Start + headerLength;
        _dataEnd = block.Start + block.StoredLength - CheckLength(block.Check);
        _decoder = new Lzma2Decoder((int)Math.Min(dictionarySize, Math.Max(block.Length, 1 << 12)));
        _hash = block.Check == Check.Sha256 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        _sink = content =>
        {
            if (content.Length > _block.Length - _decoded)
            {
                throw Damaged($"the block unpacks to more than the {_block.Length} bytes that the index tells.");
            }

            Sum(content);
            store(_block.Offset + _decoded, content);
            _decoded += content.Length;
        };
    }

    /// <summary>Decodes the next chunk, with the last one also what is behind it, and returns how much has been decoded so far.</summary>
    /// <exception cref="DiskImageException">The block is damaged.</exception>
    public long Continue()
    {
        if (Next() == 0)
        {
            throw Damaged($"the block unpacks to {_decoded} bytes instead of {_block.Length}.");
        }

        if (_decoded == _block.Length)
        {
            if (Next() != 0 || _position + 1 != _dataEnd)
            {
                throw Damaged("the block does not end where the index says.");
            }

            Verify();
        }

        return _decoded;
    }

    private int Next()
    {
        if (_input.Length < Lzma2Decoder.MaxEncodedLength)
        {
            int count = (int)Math.Clamp(_dataEnd - _position, 0, BufferSize);
            _file.Read(_position, _buffer.AsSpan(0, count));
            _input = _buffer.AsMemory(0, count);
        }

        try
        {
            int length = _decoder.Decode(_input.Span, _sink);
            _input = _input[length..];
            _position += length;
            return length;
        }
        catch (InvalidDataException e)
        {
            throw Damaged($"{e.Message.TrimEnd('.')}.");
        }
    }

    private void Sum(ReadOnlySpan<byte> content)
    {
        switch (_block.Check)
        {
            case Check.Crc32:
                _crc = Crc32.Append((uint)_crc, content);
                break;
            case Check.Crc64:
                _crc = Crc64.Append(_crc, content);
                break;
            default:
                _hash?.AppendData(content);
                break;
        }
    }

    private void Verify()
    {
        byte[] expected = new byte[CheckLength(_block.Check)];
        // The data is padded to a multiple of four; blocks start at one.
        long at = (_dataEnd + 3) & ~3L;
        _file.Read(at, expected);
        byte[] actual = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(actual, _crc);
        actual = _block.Check switch
        {
            Check.Crc32 or Check.Crc64 => actual[..expected.Length],
            Check.Sha256 => _hash!.GetHashAndReset(),
            // No checksum, or one of a kind that does not exist yet.
            _ => expected,
        };
        _hash?.Dispose();
        if (!actual.AsSpan().SequenceEqual(expected))
        {
            _position = at;
            throw Damaged("the checksum of the block's content does not match.");
        }
    }

    private static int CheckLength(int check)
    {
        ReadOnlySpan<byte> lengths = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
        return lengths[check];
    }

    /// <summary>Section 3.1: size, flags, optional lengths (which the index has too), filters, CRC. Only plain LZMA2 is decoded.</summary>
    private int ReadHeader(out int dictionarySize)
    {
        const byte HasCompressedSize = 0x40;
        const byte HasUncompressedSize = 0x80;
        const byte NumberOfFilters = 0x03;
        byte[] header = new byte[1024];
        _file.Read(_position, header.AsSpan(0, 1));
        int length = (header[0] + 1) * 4;
        if (header[0] == 0 || length > _block.StoredLength - CheckLength(_block.Check))
        {
            throw Damaged("there is no block header.");
        }

        Span<byte> content = header.AsSpan(0, length - 4);
        _file.Read(_position, header.AsSpan(0, length));
        int offset = 2;
        if (Crc32.Append(0, content) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(length - 4))
            || ((content[1] & HasCompressedSize) != 0 && !XzIndex.TryReadNumber(content, ref offset, out _))
            || ((content[1] & HasUncompressedSize) != 0 && !XzIndex.TryReadNumber(content, ref offset, out _))
            || !XzIndex.TryReadNumber(content, ref offset, out long filter))
        {
            throw Damaged("the block header is not valid.");
        }

        if ((content[1] & NumberOfFilters) != 0 || filter != FilterLzma2)
        {
            string name = filter == FilterX86 ? "the x86 filter" : $"the filter 0x{filter:X}";
            throw new DiskImageException(V2VError.DiskImageUnsupported, $"'{_file.Path}' is compressed by xz with {name}, which is not supported.")
            {
                Path = _file.Path,
                Format = XzIndex.Format,
                Offset = _position,
                Advice = "Decompress it with 'xz -d', and give what comes out.",
            };
        }

        if (!XzIndex.TryReadNumber(content, ref offset, out long propertyLength) || propertyLength != 1 || offset >= content.Length || content[offset] > 40)
        {
            throw Damaged("the block header gives no size of the dictionary.");
        }

        byte property = content[offset];
        if (property > MaximumDictionaryProperty)
        {
            throw new DiskImageException(V2VError.DiskImageUnsupported, $"'{_file.Path}' is compressed by xz with a dictionary of more than 256 MiB, which is not supported.")
            {
                Path = _file.Path,
                Format = XzIndex.Format,
                Offset = _position,
                Advice = "Decompress it with 'xz -d', and give what comes out.",
            };
        }

        dictionarySize = (2 | (property & 1)) << ((property / 2) + 11);
        return length;
    }

    private DiskImageException Damaged(string what) => XzIndex.Damaged(_file, _position, what);
}
