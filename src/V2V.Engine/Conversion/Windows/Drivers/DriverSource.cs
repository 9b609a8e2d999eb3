namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>
/// Where Windows' virtio drivers come from: a virtio-win ISO image, or a folder with the same tree. The list of files is read once; contents
/// only when they are asked for. One thread uses a source at a time.
/// </summary>
public abstract class DriverSource : IDisposable
{
    /// <summary>The longest file that is read from a source: the installer of all guest tools has some 40 MB, and drivers have less than 1 MB.</summary>
    public const long MaxFileLength = 256L << 20;

    /// <summary>The file or folder, as a full path.</summary>
    public abstract string Path { get; }

    /// <summary>How messages name it: "the ISO image /usr/share/virtio-win/virtio-win.iso", "the folder /srv/virtio-win".</summary>
    public abstract string Description { get; }

    /// <summary>Every file in it, in the order of their paths.</summary>
    public abstract IReadOnlyList<DriverSourceFile> Files { get; }

    /// <summary>The image's label, such as "virtio-win-0.1.248"; null for a folder.</summary>
    public virtual string? Label => null;

    /// <summary>Whoever named the source has said that what is in it is for the guest; no directory of it says for which Windows its files are.</summary>
    internal virtual bool IsForGuest => false;

    private Dictionary<string, DriverSourceFile> ByPath => field ??= Files
        .GroupBy(f => f.Path, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(g => g.Key, g => g.First(), StringComparer.OrdinalIgnoreCase);

    private HashSet<string> Directories => field ??= Files.SelectMany(f => Ancestors(f.Path)).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Opens an ISO image, a folder with a driver tree, or the ISO image in a folder that has nothing else.</summary>
    /// <exception cref="DriverSourceException">There is nothing at the path, it is not an ISO image, or no driver is in it.</exception>
    public static DriverSource Open(string path) => DriverSourceOpening.Open(path);

    /// <summary>The same for a folder that was named for one Windows: it may hold that one's files alone, without the names of versions above them.</summary>
    /// <exception cref="DriverSourceException">As with <see cref="Open"/>.</exception>
    internal static DriverSource OpenForGuest(string path) => DriverSourceOpening.Open(path, isForGuest: true);

    /// <summary>
    /// The source that this machine has: what the environment variable VIRTIO_WIN names, else the image or tree that the package virtio-win
    /// installs; null when there is none.
    /// </summary>
    public static string? FindInstalled() => DriverSourceOpening.FindInstalled();

    /// <summary>The file at a path of the source, letter case aside; null when there is none.</summary>
    public DriverSourceFile? Find(string path) => ByPath.GetValueOrDefault(path);

    /// <summary>Whether there is a directory at a path of the source, letter case aside, with any file in it or below.</summary>
    public bool HasDirectory(string path) => Directories.Contains(path);

    /// <summary>Reads up to <c>buffer.Length</c> bytes of a file from <paramref name="offset"/>; returns how many (0 at the end).</summary>
    /// <exception cref="DriverSourceException">It cannot be read.</exception>
    public abstract int Read(DriverSourceFile file, long offset, Span<byte> buffer);

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="DriverSourceException">It cannot be read, or is longer than <see cref="MaxFileLength"/>.</exception>
    public byte[] Read(DriverSourceFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Length > MaxFileLength)
        {
            throw new DriverSourceException(
                V2VError.DriverSourceInvalid, $"{file.Path} in {Description} is {file.Length} bytes long; a driver's file has at most {MaxFileLength}.")
            { Path = Path };
        }

        // A damaged directory can claim any length: its end has to be there before memory is taken for it.
        if (file.Length > 0 && Read(file, file.Length - 1, new byte[1]) == 0)
        {
            throw Short(file, "before its last byte");
        }

        var content = new byte[file.Length];
        var done = 0;
        while (done < content.Length)
        {
            var read = Read(file, done, content.AsSpan(done));
            if (read == 0)
            {
                throw Short(file, $"after {done} of {content.Length} bytes");
            }

            done += read;
        }

        return content;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private DriverSourceException Short(DriverSourceFile file, string where) =>
        new(V2VError.DriverSourceInvalid, $"{file.Path} in {Description} ends {where}.") { Path = Path };

    private static IEnumerable<string> Ancestors(string path)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            yield return path[..slash];
        }
    }
}
