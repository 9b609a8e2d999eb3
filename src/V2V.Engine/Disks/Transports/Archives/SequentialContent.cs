using V2V.Engine.IO;

namespace V2V.Engine.Disks.Transports.Archives;

/// <summary>What a stream holds that can only be decoded from its start.</summary>
internal sealed class SequentialContent : PackedContent
{
    private const int BufferSize = 1 << 20;

    private readonly Lock _lock = new();
    private readonly DiskFileStream _source;
    private readonly Stream _decoder;
    private readonly long? _expected;
    private readonly uint? _expectedCrc;
    private uint _crc;
    private byte[]? _buffer = new byte[BufferSize];
    private long _unpacked;
    private volatile bool _isComplete;
    private V2VException? _failure;

    /// <param name="packed">The compressed stream.</param>
    /// <param name="format">The compression, for messages.</param>
    /// <param name="decode">Makes a decoder of the compressed stream.</param>
    /// <param name="expected">The size that an archive's directory gives; null if none does.</param>
    /// <param name="temporaryFolder">Folder for the temporary file; null takes the system's.</param>
    /// <param name="expectedCrc">The CRC-32 of the content, where the format itself has no checksum.</param>
    public SequentialContent(
        DiskFile packed, string format, Func<DiskFileStream, Stream> decode, long? expected, string? temporaryFolder, uint? expectedCrc = null)
        : base(packed, format, temporaryFolder)
    {
        _expected = expected;
        _expectedCrc = expectedCrc;
        _source = new DiskFileStream(packed);
        try
        {
            _decoder = decode(_source);
        }
        catch (Exception e) when (e is not V2VException)
        {
            base.Dispose(disposing: true);
            throw Damaged(0, $"{e.Message.TrimEnd('.')}.", e);
        }
        catch
        {
            base.Dispose(disposing: true);
            throw;
        }
    }

    public override long Length => _expected ?? UnpackTo(long.MaxValue);

    public override bool Reaches(long end) => _expected is { } length ? end <= length : UnpackTo(end) >= end;

    public override void Require(long offset, long length)
    {
        long end = offset + length;
        if (UnpackTo(end) < end)
        {
            throw Damaged(_source.Position, $"it unpacks to {Volatile.Read(ref _unpacked)} bytes, but {end} are needed.");
        }
    }

    public override void CheckWhole() => UnpackTo(long.MaxValue);

    protected override void Dispose(bool disposing)
    {
        // A reader may be at work in another thread.
        lock (_lock)
        {
            _decoder.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>Unpacks up to <paramref name="end"/>, or to the stream's end, and returns how much has been unpacked.</summary>
    private long UnpackTo(long end)
    {
        if (Volatile.Read(ref _unpacked) >= end || _isComplete)
        {
            return _unpacked;
        }

        lock (_lock)
        {
            while (_unpacked < end && !_isComplete)
            {
                Continue();
            }

            return _unpacked;
        }
    }

    private void Continue()
    {
        if (_failure is not null)
        {
            throw _failure;
        }

        // What stands before the damage is whole, and may be all that is wanted.
        int count = Fill(out _failure);
        try
        {
            _crc = _expectedCrc is null ? 0 : Crc32.Append(_crc, _buffer.AsSpan(0, count));
            Store(_unpacked, _buffer.AsSpan(0, count));
            Volatile.Write(ref _unpacked, _unpacked + count);
            if (_unpacked > _expected)
            {
                throw Damaged(_source.Position, $"it unpacks to more than the {_expected} bytes that it should.");
            }

            if (count < BufferSize && _failure is null)
            {
                Complete();
            }
        }
        catch (V2VException e)
        {
            _failure = e;
            throw;
        }
    }

    private void Complete()
    {
        if (_expected is { } expected && expected != _unpacked)
        {
            throw Damaged(_source.Position, $"it unpacks to {_unpacked} bytes instead of {expected}.");
        }

        if (_expectedCrc is { } crc && crc != _crc)
        {
            throw Damaged(_source.Position, "the checksum of what it holds does not match.");
        }

        _isComplete = true;
        _buffer = null;
    }

    private int Fill(out V2VException? failure)
    {
        int count = 0;
        failure = null;
        try
        {
            while (count < BufferSize && _decoder.Read(_buffer!, count, BufferSize - count) is var read and > 0)
            {
                count += read;
            }
        }
        catch (V2VException e)
        {
            failure = e;
        }
        // The decoders are other people's; on damaged input they throw what they like, down to index errors.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure = Damaged(_source.Position, $"{e.Message.TrimEnd('.')}.", e);
        }

        return count;
    }
}
