namespace V2V.Engine.FileSystems.Ntfs.Compression;

/// <summary>
/// The content of a file that Windows compressed as a whole: chunks of a fixed size, each compressed for itself, behind a table of where
/// they begin. A chunk that did not get smaller is stored as it is.
/// </summary>
internal sealed class WofFile
{
    /// <summary>Reads exactly <c>buffer.Length</c> bytes of the stream <see cref="WofReparsePoint.StreamName"/>.</summary>
    public delegate void Read(long offset, Span<byte> buffer);

    /// <summary>From this length on the table has entries of eight bytes.</summary>
    private const long LongFile = 1L << 32;

    private readonly WofAlgorithm _algorithm;
    private readonly long _storedLength;
    private readonly Read _read;
    private readonly string _path;
    private readonly int _chunkSize;
    private readonly long _chunkCount;
    private readonly int _entrySize;
    private readonly long _tableLength;
    private readonly byte[] _chunk;
    private long _chunkNumber = -1;

    /// <param name="algorithm">How it is compressed.</param>
    /// <param name="length">Bytes of the content: the length of the file's unnamed stream.</param>
    /// <param name="storedLength">Bytes of the compressed stream.</param>
    /// <param name="read">Reads the compressed stream.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="GuestFileSystemException">The stream is too short for its table.</exception>
    public WofFile(WofAlgorithm algorithm, long length, long storedLength, Read read, string path)
    {
        _algorithm = algorithm;
        Length = length;
        _storedLength = storedLength;
        _read = read;
        _path = path;
        _chunkSize = algorithm switch
        {
            WofAlgorithm.Xpress4K => 4096,
            WofAlgorithm.Xpress8K => 8192,
            WofAlgorithm.Xpress16K => 16384,
            _ => Lzx.ChunkSize,
        };
        _chunkCount = length / _chunkSize + (length % _chunkSize == 0 ? 0 : 1);
        _entrySize = length < LongFile ? sizeof(uint) : sizeof(ulong);
        _tableLength = Math.Max(0, _chunkCount - 1) * _entrySize;
        if (length < 0 || _tableLength > storedLength)
        {
            throw NtfsErrors.Corrupt($"the compressed content has {storedLength} bytes, and its table alone {_tableLength}.", path: path);
        }

        _chunk = new byte[Math.Min(_chunkSize, length)];
    }

    /// <summary>Bytes of the content.</summary>
    public long Length { get; }

    /// <summary>Reads up to <c>buffer.Length</c> bytes of the content; returns how many, 0 at the end.</summary>
    public int ReadAt(long offset, Span<byte> buffer)
    {
        if (offset < 0 || offset >= Length)
        {
            return 0;
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, Length - offset)];
        for (var done = 0; done < buffer.Length;)
        {
            var (number, within) = Math.DivRem(offset + done, _chunkSize);
            var chunk = Chunk(number)[(int)within..];
            var count = Math.Min(chunk.Length, buffer.Length - done);
            chunk[..count].CopyTo(buffer[done..]);
            done += count;
        }

        return buffer.Length;
    }

    private ReadOnlySpan<byte> Chunk(long number)
    {
        var length = (int)Math.Min(_chunkSize, Length - (number * _chunkSize));
        var chunk = _chunk.AsSpan(0, length);
        if (number == _chunkNumber)
        {
            return chunk;
        }

        _chunkNumber = -1;
        var start = ChunkStart(number);
        var end = number + 1 < _chunkCount ? ChunkStart(number + 1) : _storedLength - _tableLength;
        if (start < 0 || end <= start || end > _storedLength - _tableLength || end - start > length)
        {
            throw NtfsErrors.Corrupt($"chunk {number} of the compressed content lies from byte {start} to {end}.", path: _path);
        }

        if (end - start == length)
        {
            _read(_tableLength + start, chunk);
        }
        else
        {
            var stored = new byte[(int)(end - start)];
            _read(_tableLength + start, stored);
            if (!(_algorithm == WofAlgorithm.Lzx ? Lzx.TryDecompress(stored, chunk) : XpressHuffman.TryDecompress(stored, chunk)))
            {
                throw NtfsErrors.Corrupt($"chunk {number} of the content compressed as {_algorithm} is malformed.", _tableLength + start, _path);
            }
        }

        _chunkNumber = number;
        return chunk;
    }

    /// <summary>Where a chunk begins behind the table, which leaves the first one out.</summary>
    private long ChunkStart(long number)
    {
        if (number == 0)
        {
            return 0;
        }

        Span<byte> entry = stackalloc byte[_entrySize];
        _read((number - 1) * _entrySize, entry);
        return _entrySize == sizeof(uint) ? ((ReadOnlySpan<byte>)entry).U32(0) : ((ReadOnlySpan<byte>)entry).I64(0);
    }
}
