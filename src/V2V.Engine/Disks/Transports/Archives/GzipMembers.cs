using System.Buffers.Binary;
using System.IO.Compression;
using V2V.Engine.IO;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>
/// A gzip file (RFC 1952): members one behind the other, perhaps zeros behind the last. The framework's own decoder takes a stream that ends early for a
/// whole one, so the members' checksums and lengths are checked here.
/// </summary>
/// <param name="source">The compressed stream.</param>
internal sealed class GzipMembers(DiskFileStream source) : Stream
{
    private const int FixedHeaderLength = 10;
    private const int TrailerLength = 8;
    private const int MaximumText = 1 << 16;

    private static class Flags
    {
        public const byte HeaderCrc = 0x02;
        public const byte ExtraField = 0x04;
        public const byte FileName = 0x08;
        public const byte Comment = 0x10;
        public const byte Reserved = 0xE0;
    }

    private DeflateStream? _inflater;
    private uint _crc;
    private uint _length;
    private bool _isComplete;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        while (!_isComplete && buffer.Length > 0)
        {
            if (_inflater is null)
            {
                StartMember();
                continue;
            }

            int read = _inflater.Read(buffer);
            if (read > 0)
            {
                _crc = Crc32.Append(_crc, buffer[..read]);
                _length = unchecked(_length + (uint)read);
                return read;
            }

            EndMember();
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _inflater?.Dispose();
        base.Dispose(disposing);
    }

    private void StartMember()
    {
        Span<byte> header = stackalloc byte[FixedHeaderLength];
        source.ReadExactly(header);
        byte flags = header[3];
        if (header is not [0x1F, 0x8B, 8, ..] || (flags & Flags.Reserved) != 0)
        {
            source.Position -= FixedHeaderLength;
            throw new InvalidDataException("there is no gzip header");
        }

        if ((flags & Flags.ExtraField) != 0)
        {
            source.ReadExactly(header[..2]);
            source.Position += BinaryPrimitives.ReadUInt16LittleEndian(header);
        }

        SkipText((flags & Flags.FileName) != 0);
        SkipText((flags & Flags.Comment) != 0);
        source.Position += (flags & Flags.HeaderCrc) != 0 ? 2 : 0;
        _inflater = new DeflateStream(source, CompressionMode.Decompress, leaveOpen: true);
        _crc = 0;
        _length = 0;
    }

    private void SkipText(bool isThere)
    {
        for (int i = 0; isThere; i++)
        {
            isThere = source.ReadByte() switch
            {
                0 => false,
                < 0 => throw new EndOfStreamException("the gzip header ends early"),
                _ => i < MaximumText ? true : throw new InvalidDataException("a name in the gzip header has no end"),
            };
        }
    }

    /// <summary>
    /// The inflater reads ahead and does not tell where its stream ended. It asks for more only when it has used up everything, so the end lies
    /// within what was read last, and is where the trailer stands: the checksum and length of what was decoded.
    /// </summary>
    private void EndMember()
    {
        _inflater!.Dispose();
        _inflater = null;
        Span<byte> trailer = stackalloc byte[TrailerLength];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _length);
        bool isCut = source.IsExhausted;
        long start = source.LastReadStart;
        byte[] last = new byte[source.Position - start + TrailerLength];
        source.Position = start;
        int count = source.ReadAtLeast(last, last.Length, throwOnEndOfStream: false);
        int found = last.AsSpan(0, count).IndexOf(trailer);
        if (found < 0)
        {
            throw isCut ? new EndOfStreamException("it ends early") : new InvalidDataException("the checksum of what it holds is missing or does not match");
        }

        source.Position = start + found + TrailerLength;
        SkipPadding();
    }

    /// <summary>Tapes and block devices pad with zeros. Anything else behind a member has to be another.</summary>
    private void SkipPadding()
    {
        byte[] block = new byte[4096];
        long position = source.Position;
        while (source.Read(block) is var count)
        {
            int data = block.AsSpan(0, count).IndexOfAnyExcept((byte)0);
            if (count == 0)
            {
                _isComplete = true;
                return;
            }

            if (data >= 0)
            {
                source.Position = position + data;
                if (block[data] != 0x1F)
                {
                    throw new InvalidDataException("what follows is neither gzip data nor zeros");
                }

                return;
            }

            position += count;
        }
    }
}
