using V2V.Engine.Disks;

namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>
/// A driver tree in a folder of this machine. Symbolic links are followed as long as they stay in the folder: packages use them for versions
/// that share files, and a foreign tree could otherwise have any file of this machine copied into a guest.
/// </summary>
internal sealed class FolderDriverSource : DriverSource
{
    /// <summary>The real trees have some 2,500 files, six levels deep.</summary>
    private const int MaxFiles = 200_000;

    private const int MaxDepth = 16;

    private readonly string _root;
    private readonly List<DriverSourceFile> _files = [];

    /// <param name="path">The folder.</param>
    /// <param name="isForGuest">It was named for one Windows, and is for that unless its directories name versions themselves.</param>
    public FolderDriverSource(string path, bool isForGuest = false)
    {
        Path = path;
        try
        {
            _root = RealPath.Resolve(path);
            Collect(_root, "", []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DiskImageException)
        {
            throw Unreadable(path, e);
        }

        _files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        IsForGuest = isForGuest && !_files.Exists(f => Array.Exists(f.Directory.Split('/'), e => DriverDirectories.Version(e) is not null));
    }

    internal override bool IsForGuest { get; }

    public override string Path { get; }

    public override string Description => $"the folder {Path}";

    public override IReadOnlyList<DriverSourceFile> Files => _files;

    public override int Read(DriverSourceFile file, long offset, Span<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (offset >= file.Length || buffer.IsEmpty)
        {
            return 0;
        }

        var path = System.IO.Path.Combine(_root, file.Path);
        try
        {
            using var handle = File.OpenHandle(Inside(path) ?? throw new IOException("it leads nowhere, or out of the folder."));
            return RandomAccess.Read(handle, buffer, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DiskImageException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <param name="real">The directory, all links resolved.</param>
    /// <param name="prefix">Its path in the source with a '/' at the end; empty for the root.</param>
    /// <param name="above">The directories above it, links resolved: one that turns up again is a loop.</param>
    private void Collect(string real, string prefix, List<string> above)
    {
        if (above.Count >= MaxDepth || above.Contains(real))
        {
            return;
        }

        above.Add(real);

        // A folder inside that may not be read, such as lost+found, holds no drivers; that the root may not be read has to be told.
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = above.Count > 1 };
        foreach (var found in new DirectoryInfo(real).EnumerateFileSystemInfos("*", options))
        {
            var target = found.Attributes.HasFlag(FileAttributes.ReparsePoint) ? Inside(found.FullName) : found.FullName;
            if (target is null)
            {
                continue;
            }

            if (Directory.Exists(target))
            {
                Collect(target, $"{prefix}{found.Name}/", above);
            }
            else if (new FileInfo(target) is { Exists: true } file)
            {
                if (_files.Count == MaxFiles)
                {
                    throw new DriverSourceException(
                        V2VError.DriverSourceInvalid, $"The folder {Path} has more than {MaxFiles} files; a tree of drivers has some thousands.")
                    { Path = Path, Advice = "Give the folder that holds the drivers and nothing else." };
                }

                _files.Add(new DriverSourceFile(prefix + found.Name, file.Length));
            }
        }

        above.RemoveAt(above.Count - 1);
    }

    /// <summary>The path with links resolved, or null when they lead out of the folder.</summary>
    private string? Inside(string path)
    {
        string real;
        try
        {
            real = RealPath.Resolve(path);
        }
        catch (DiskImageException)
        {
            // A link to itself leads nowhere.
            return null;
        }

        var prefix = System.IO.Path.EndsInDirectorySeparator(_root) ? _root : _root + System.IO.Path.DirectorySeparatorChar;
        return real.StartsWith(prefix, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal) ? real : null;
    }

    private static DriverSourceException Unreadable(string path, Exception cause) =>
        new(V2VError.DriverSourceInvalid, $"The source of Windows drivers {path} cannot be read: {cause.Message}", cause)
        { Path = path, Advice = "Check the folder and who may read it." };
}
