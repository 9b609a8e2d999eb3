using V2V.Engine.Disks.Parallels;
using V2V.Engine.Disks.Transports;
using V2V.Engine.Disks.Transports.Archives;

namespace V2V.Engine.Sources;

/// <summary>
/// A file that a guest is to be read from, as the user named it: on this host, on another (a URI), or in an archive (ARCHIVE!NAME). What is
/// compressed is read as what is in it; it is unpacked once as long as this is not disposed.
/// </summary>
internal sealed class OpenedSource : IDisposable
{
    private readonly List<DiskFile> _held = [];

    private OpenedSource()
    {
    }

    public SourceFile File { get; private set; } = null!;

    /// <exception cref="V2VException">There is no such file, or it cannot be read.</exception>
    public static OpenedSource Locate(string path, SourceOptions options)
    {
        var opened = new OpenedSource();
        try
        {
            opened.File = opened.Unpacked(opened.Find(path, options), options);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>The files of an archive; null for other files.</summary>
    public static FileStore? OpenArchive(SourceFile file, SourceOptions options) =>
        ArchiveKinds.IsZip(file.Head) ? ZipStore.Read(file.Open, options.TemporaryDirectory)
        : ArchiveKinds.IsTar(file.Head) ? TarStore.Read(file.Open)
        : null;

    /// <summary>A member of the archive that this is.</summary>
    public OpenedSource Member(FileStore archive, string name, SourceOptions options)
    {
        File = Unpacked(SourceFile.In(archive, name), options);
        return this;
    }

    /// <summary>A member of an archive that is held open by somebody else.</summary>
    public static OpenedSource In(FileStore archive, string name, SourceOptions options) => new OpenedSource().Member(archive, name, options);

    public void Dispose()
    {
        foreach (var file in _held)
        {
            file.Dispose();
        }
    }

    private SourceFile Find(string path, SourceOptions options)
    {
        if (RemoteFiles.IsUri(path))
        {
            var remote = RemoteFiles.Locate(path, options.Remote);
            return SourceFile.In(remote.Store, remote.Name);
        }

        path = ParallelsBundle.DescriptorOf(Path.GetFullPath(path));
        if (!System.IO.File.Exists(path) && ArchiveMember.TrySplit(path, out var archivePath, out var name))
        {
            var archive = Unpacked(SourceFile.OnHost(archivePath), options);
            return OpenArchive(archive, options) is { } store
                ? SourceFile.In(store, name)
                : throw new SourceException(V2VError.SourceInvalid, $"{archivePath} is no archive that could have {name} in it.")
                {
                    Path = path,
                    Advice = "Give the path of a tar or zip archive, an exclamation mark, and a name in it.",
                };
        }

        return SourceFile.OnHost(path);
    }

    private SourceFile Unpacked(SourceFile file, SourceOptions options)
    {
        if (Compression.Find(file.Head) is not { } compression)
        {
            return file;
        }

        var content = compression.Content(file.Open, options.TemporaryDirectory);
        _held.Add(content.Open());
        return file.With(() => content.Open());
    }
}
