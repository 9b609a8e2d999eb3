using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages;

/// <summary>
/// Positional reads from one guest file through a few windows that are kept, for databases that are read page by page: most pages that are
/// wanted next lie beside the last one.
/// </summary>
internal sealed class GuestFileWindows
{
    /// <summary>The largest databases of real guests have some 300 MB.</summary>
    private const long MaxLength = 2L << 30;

    /// <summary>
    /// Of a package only the beginning is wanted, and between two of them lie 60 KB on average: larger windows read what nobody looks at, eight times as
    /// much with 64 KiB.
    /// </summary>
    private const int WindowLength = 8 << 10;

    private const int WindowCount = 64;

    private readonly GuestLocation _at;
    private readonly Dictionary<long, byte[]> _windows = [];
    private readonly Queue<long> _loaded = new();

    /// <param name="root">The guest's tree.</param>
    /// <param name="path">A regular file in it.</param>
    /// <param name="format">The database's format, for messages.</param>
    public GuestFileWindows(GuestRoot root, string path, string format)
    {
        _at = root.Resolve(path);
        Format = format;
        Length = _at.FileSystem.Find(_at.Path)?.Length ?? 0;
        if (Length > MaxLength)
        {
            throw PackageDatabaseErrors.Unsupported(format, path, $"has {Length} bytes, more than {MaxLength}");
        }
    }

    public string Path => _at.GuestPath;

    public string Format { get; }

    public long Length { get; }

    /// <exception cref="GuestFileSystemException">The range does not lie within the file.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        if (offset < 0 || buffer.Length > Length - offset)
        {
            throw Corrupt(offset, $"{buffer.Length} bytes are expected there, and the file has {Length} bytes");
        }

        while (!buffer.IsEmpty)
        {
            var window = Window(offset / WindowLength);
            var within = (int)(offset % WindowLength);
            var part = Math.Min(buffer.Length, window.Length - within);
            window.AsSpan(within, part).CopyTo(buffer);
            buffer = buffer[part..];
            offset += part;
        }
    }

    public byte[] Read(long offset, int length)
    {
        var buffer = new byte[length];
        Read(offset, buffer);
        return buffer;
    }

    public GuestFileSystemException Corrupt(long offset, string what) => PackageDatabaseErrors.Corrupt(Format, Path, offset, what);

    private byte[] Window(long index)
    {
        if (_windows.TryGetValue(index, out var window))
        {
            return window;
        }

        // The one that leaves gives its memory to the one that comes.
        var start = index * WindowLength;
        window = _loaded.Count == WindowCount ? Drop() : new byte[WindowLength];
        var length = (int)Math.Min(WindowLength, Length - start);
        for (var done = 0; done < length;)
        {
            var read = _at.FileSystem.Read(_at.Path, start + done, window.AsSpan(done, length - done));
            if (read == 0)
            {
                throw Corrupt(start + done, "the file ends there");
            }

            done += read;
        }

        _windows[index] = window;
        _loaded.Enqueue(index);
        return window;
    }

    private byte[] Drop()
    {
        _windows.Remove(_loaded.Dequeue(), out var window);
        return window!;
    }
}
