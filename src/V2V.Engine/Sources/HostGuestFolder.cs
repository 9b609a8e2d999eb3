using V2V.Engine.Disks;
using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Sources;

/// <summary>A folder of this host with a descriptor in it. Files may also lie in folders that the user allowed; links are resolved before it is judged where one leads.</summary>
internal sealed class HostGuestFolder : GuestFolder
{
    private readonly string _folder;
    private readonly string _top;
    private readonly List<string> _realFolders;

    public HostGuestFolder(string descriptorPath, SourceOptions options, bool withSiblings) : base(descriptorPath)
    {
        _folder = Path.GetDirectoryName(Path.GetFullPath(descriptorPath))!;
        _top = withSiblings ? Path.GetDirectoryName(_folder) ?? _folder : _folder;
        _realFolders = [.. options.AllowDiskFolders.Select(Path.GetFullPath).Prepend(_top).Select(RealPath.Resolve)];
    }

    protected override GuestFile FindFile(string reference)
    {
        var path = Path.GetFullPath(Path.Combine(_folder, reference));
        if (!OperatingSystem.IsWindows() && reference.Contains('\\') && !File.Exists(path))
        {
            // Descriptors written on Windows separate folders so.
            path = Path.GetFullPath(Path.Combine(_folder, reference.Replace('\\', '/')));
        }

        return IsWindowsAbsolute(reference) || !IsAllowed(path)
            ? throw Outside(
                reference, $"its own folder {_top}",
                "Copy the file into the descriptor's folder, or, if you trust the descriptor, allow the folder that the file lies in (-AllowDiskFolder).")
            : new GuestFile(path, File.Exists(path) ? () => HostFile.Open(path) : null);
    }

    protected override bool IsReachable(string reference) => Path.IsPathRooted(reference) && File.Exists(reference) && IsAllowed(reference);

    private bool IsAllowed(string path)
    {
        var real = RealPath.Resolve(Path.GetFullPath(path));
        return _realFolders.Exists(folder => IsBelow(real, folder));
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
