namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>Part of a file as a stream, for decoders.</summary>
/// <param name="file">The file, which is not disposed.</param>
/// <param name="start">Where the part starts.</param>
/// <param name="length">Its size; null goes to the file's end.</param>
internal sealed class DiskFileStream(DiskFile file, long start = 0, long? length = null) : Stream
{
    private long? _length = length;

    /// <summary>Where the last read that returned something began: decoders do not tell how far into their input they are.</summary>
    public long LastReadStart { get; private set; }

    /// <summary>Whether a decoder has asked for more than there is.</summary>
    public bool IsExhausted { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _length ??= file.Length - start;

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = Available(buffer.Length);
        if (count > 0)
        {
            file.Read(start + Position, buffer[..count]);
            LastReadStart = Position;
            Position += count;
        }

        IsExhausted |= count == 0 && buffer.Length > 0;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>A file that is packed itself is not unpacked to its end for the sake of its length.</summary>
    private int Available(int count) =>
        _length is null && file.Reaches(start + Position + count) ? count : (int)Math.Clamp(Length - Position, 0, count);
}
