using V2V.Engine.IO;

namespace V2V.Engine.Disks.Overlay;

/// <summary>
/// Blocks numbered in the order in which they were added: the first ones in memory, the rest in a temporary file.
/// Reading is thread-safe; the owner sees to it that nothing is written meanwhile.
/// </summary>
internal sealed class OverlayStore(int blockSize, long memoryLimit, string? temporaryDirectory) : IDisposable
{
    // Memory is taken in chunks of this size, so that a small overlay stays small.
    private const int ChunkSize = 1 << 20;

    private readonly int _blocksPerChunk = ChunkSize / blockSize;
    private readonly int _memoryBlocks = (int)Math.Min(memoryLimit / blockSize, int.MaxValue);
    private readonly List<byte[]> _chunks = [];
    private FileStream? _file;
    private int _count;

    /// <summary>Stores one whole block and returns its number.</summary>
    public int Add(ReadOnlySpan<byte> block)
    {
        if (_count < _memoryBlocks && _count / _blocksPerChunk == _chunks.Count)
        {
            _chunks.Add(new byte[ChunkSize]);
        }

        Write(_count, 0, block);
        return _count++;
    }

    public void Read(int number, int within, Span<byte> buffer)
    {
        if (number < _memoryBlocks)
        {
            InMemory(number, within, buffer.Length).CopyTo(buffer);
            return;
        }

        long offset = InFile(number, within);
        try
        {
            while (buffer.Length > 0)
            {
                int read = RandomAccess.Read(_file!.SafeFileHandle, buffer, offset);
                buffer = read > 0 ? buffer[read..] : throw new EndOfStreamException("it is shorter than what was written to it.");
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw Failed("read", e);
        }
    }

    public void Write(int number, int within, ReadOnlySpan<byte> data)
    {
        if (number < _memoryBlocks)
        {
            data.CopyTo(InMemory(number, within, data.Length));
            return;
        }

        try
        {
            _file ??= TemporaryFile.Create(Folder, "overlay");
            RandomAccess.Write(_file.SafeFileHandle, data, InFile(number, within));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed("written", e);
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _chunks.Clear();
    }

    private Span<byte> InMemory(int number, int within, int length) =>
        _chunks[number / _blocksPerChunk].AsSpan(((number % _blocksPerChunk) * blockSize) + within, length);

    private long InFile(int number, int within) => ((long)(number - _memoryBlocks) * blockSize) + within;

    private string Folder => TemporaryFile.Folder(temporaryDirectory);

    private ConversionException Failed(string done, Exception e) => new(
        V2VError.ConversionFailed, $"The overlay's temporary file in '{Folder}' cannot be {done}: {e.Message}", e)
    {
        Path = Folder,
        Advice = "Free space there, or choose another folder for temporary files.",
    };
}
