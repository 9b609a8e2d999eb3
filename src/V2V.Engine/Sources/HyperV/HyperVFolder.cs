using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources.HyperV;

/// <summary>
/// Where the files of an exported machine lie: settings in "Virtual Machines", disks in "Virtual Hard Disks", what belongs to checkpoints in
/// "Snapshots", all in one folder that is called after the machine. The settings name the disks by where they were on their host.
/// </summary>
internal sealed class HyperVFolder
{
    public const string Machines = "Virtual Machines";
    public const string Disks = "Virtual Hard Disks";
    public const string Snapshots = "Snapshots";

    private readonly GuestFolder _folder;
    private readonly SourceFile _descriptor;
    private readonly IReadOnlyList<string> _allowed;

    /// <summary>From the descriptor's folder to the export's: "../", or nothing when the descriptor does not lie in one.</summary>
    private readonly string _toTop;

    public HyperVFolder(SourceFile descriptor, SourceOptions options)
    {
        _descriptor = descriptor;
        _allowed = descriptor.Store is null ? options.AllowDiskFolders : [];
        var isExport = IsIn(descriptor, Machines) || IsIn(descriptor, Snapshots);
        _toTop = isExport ? "../" : "";
        _folder = GuestFolder.Of(descriptor, options, withSiblings: isExport);
        ImageOptions = descriptor.Store is null ? options with { AllowDiskFolders = [.. HostFolders(), .. options.AllowDiskFolders] } : options;
    }

    /// <summary>Where the images of checkpoints may find those that they build upon.</summary>
    public SourceOptions ImageOptions { get; }

    /// <summary>How messages call the whole folder.</summary>
    public string Description => _descriptor.Store is null
        ? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(_descriptor.Path)!, _toTop)).TrimEnd(Path.DirectorySeparatorChar)
        : "the place that it came from";

    /// <summary>The name of the machine by the export's folder; null when there is no such folder.</summary>
    public string? Name
    {
        get
        {
            var top = _toTop.Length == 0 ? null
                : _descriptor.Store is null ? Path.GetDirectoryName(Path.GetDirectoryName(_descriptor.Path))
                : StoreName.Folder(StoreName.Folder(_descriptor.Name));
            var name = top is null ? null : Path.GetFileName(top);
            return string.IsNullOrEmpty(name) ? null : name;
        }
    }

    public static bool IsIn(SourceFile file, string folder) => FolderName(file).Equals(folder, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The image that was at <paramref name="path"/> on its host: the end of that path below the export's folder, the longest that exists, then
    /// its bare name in the folders where disks lie, those that the user allowed among them.
    /// </summary>
    public Func<DiskFile>? Find(string path)
    {
        var parts = path.Split(['\\', '/'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts.Any(p => p is "." or ".."))
        {
            return null;
        }

        // What stands first is a drive, "C:", or the name of a host.
        var name = parts[^1];
        var candidates = Enumerable.Range(1, Math.Min(parts.Length - 1, 8)).Reverse().Select(n => _toTop + string.Join('/', parts[^n..]))
            .Concat([_toTop + name, $"{_toTop}{Disks}/{name}", $"{_toTop}{Snapshots}/{name}", name])
            .Where(c => !c.Contains(':', StringComparison.Ordinal))
            .Concat(_allowed.Select(folder => Path.GetFullPath(Path.Combine(folder, name))));
        return candidates.Select(c => _folder.Find(c).Open).FirstOrDefault(open => open is not null);
    }

    /// <summary>A file beside the descriptor or below its folder.</summary>
    public Func<DiskFile>? FindBeside(string name) => _folder.Find(name).Open;

    /// <summary>The names of the files in one of the export's folders, as <see cref="Find"/> takes them.</summary>
    public IReadOnlyList<string> Names(string folder) => [.. _descriptor.Siblings(_toTop + folder).Select(f => $"{folder}/{StoreName.Base(f.Store is null ? f.Path : f.Name)}")];

    private static string FolderName(SourceFile file) => file.Store is null
        ? Path.GetFileName(Path.GetDirectoryName(file.Path)) ?? ""
        : StoreName.Base(StoreName.Folder(file.Name));

    private IEnumerable<string> HostFolders() => [Description, Path.Combine(Description, Disks), Path.Combine(Description, Snapshots)];
}
