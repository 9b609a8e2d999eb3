using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>A file that may describe a guest, with the place that it lies in: a folder of this host, an archive, a folder of another host.</summary>
public sealed class SourceFile
{
    /// <summary>An OVF with every translation of a long licence stays well below this; a file that is larger is not a descriptor.</summary>
    internal const int MaximumDescriptorLength = 4 << 20;

    /// <summary>As much of a file as it takes to recognise its kind.</summary>
    private const int HeadLength = 4096;

    private readonly Func<DiskFile> _open;
    private byte[]? _head;

    private SourceFile(string path, string name, FileStore? store, Func<DiskFile> open)
    {
        Path = path;
        Name = name;
        Store = store;
        _open = open;
    }

    /// <summary>What messages call it: a full path, "/srv/box.tar!box.ovf", a URI.</summary>
    public string Path { get; }

    /// <summary>Its name in <see cref="Store"/>; on this host its bare name.</summary>
    public string Name { get; }

    /// <summary>The place that it lies in; null for files of this host.</summary>
    public FileStore? Store { get; }

    /// <summary>Its first bytes, fewer if it is shorter.</summary>
    /// <exception cref="SourceException">It does not exist or cannot be read.</exception>
    internal byte[] Head => _head ??= ReadHead();

    public static SourceFile OnHost(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        return new SourceFile(path, System.IO.Path.GetFileName(path), store: null, () => HostFile.Open(path));
    }

    public static SourceFile In(FileStore store, string name)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new SourceFile(store.PathOf(name), name, store, new RemoteFile(store, name).Open);
    }

    /// <summary>The same file, known by the same path, with what <paramref name="open"/> opens as its content.</summary>
    internal SourceFile With(Func<DiskFile> open) => new(Path, Name, Store, open);

    /// <summary>Opens it: the archive or disk image that it is. The caller disposes it.</summary>
    /// <exception cref="V2VException">It does not exist or cannot be read.</exception>
    public DiskFile Open()
    {
        try
        {
            return _open();
        }
        catch (DiskImageException e) when (e.Error == V2VError.DiskImageNotFound)
        {
            throw new SourceException(V2VError.SourceNotFound, $"{Path} does not exist.", e) { Path = Path, Advice = "Check the path." };
        }
        catch (DiskImageException e) when (e.Error == V2VError.DiskImageReadFailed)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{Path} cannot be read: {e.InnerException?.Message ?? e.Message}", e)
            {
                Path = Path,
                Advice = "Check that the file is readable by this user.",
            };
        }
    }

    /// <summary>All of it, as the descriptor that it is.</summary>
    /// <param name="format">What kind of descriptor, for messages.</param>
    /// <exception cref="SourceException">It is too large to be one, does not exist or cannot be read.</exception>
    internal byte[] ReadDescriptor(string format)
    {
        using var file = Open();
        if (file.Reaches(MaximumDescriptorLength + 1))
        {
            throw TooLarge(Path, format);
        }

        return file.ReadStart(MaximumDescriptorLength);
    }

    internal static SourceException TooLarge(string path, string format) =>
        new(V2VError.SourceInvalid, $"{path} is larger than a {format} descriptor, which has at most {MaximumDescriptorLength} bytes.")
        {
            Path = path,
            Format = format,
            Advice = "Check that it is the descriptor and not a disk image with its name.",
        };

    /// <summary>The files in the folder that it lies in, or in a folder of that one, in the order of their names.</summary>
    internal IReadOnlyList<SourceFile> Siblings(string folder = "")
    {
        if (Store is { } store)
        {
            return (folder.Length == 0 ? StoreName.Folder(Name) : StoreName.Resolve(Name, folder)) is { } name
                ? [.. store.Names(name).Order(StringComparer.Ordinal).Select(n => In(store, n))]
                : [];
        }

        var path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, folder);
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Select(OnHost)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException(V2VError.SourceInvalid, $"{path} cannot be listed: {e.Message}", e) { Path = path };
        }
    }

    internal bool HasExtension(string extension) => Name.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Path;

    private byte[] ReadHead()
    {
        using var file = Open();
        return file.ReadStart(HeadLength);
    }
}
