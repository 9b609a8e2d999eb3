using V2V.Engine.Disks;

namespace V2V.Engine.Sources;

/// <summary>
/// The folder that a guest's descriptor lies in. A descriptor may come from anywhere, so what it names is opened only when it lies in this
/// folder or below, or in one that the user allowed, links resolved: otherwise converting a stranger's guest could copy a file of the host
/// into it.
/// </summary>
internal sealed class GuestFolder
{
    private readonly string _descriptor;
    private readonly string _folder;
    private readonly List<string> _realFolders;

    public GuestFolder(string descriptorPath, SourceOptions options)
    {
        _descriptor = descriptorPath;
        _folder = Path.GetDirectoryName(Path.GetFullPath(descriptorPath))!;
        _realFolders = [.. options.AllowDiskFolders.Select(Path.GetFullPath).Prepend(_folder).Select(RealPath.Resolve)];
    }

    /// <summary>The full path of a file that the descriptor names. The file need not exist.</summary>
    /// <param name="reference">The name as the descriptor has it.</param>
    /// <exception cref="SourceException">It leads out of the folder.</exception>
    public string Resolve(string reference)
    {
        Check(reference);
        if (IsWindowsAbsolute(reference))
        {
            throw Outside(reference);
        }

        var path = Path.GetFullPath(Path.Combine(_folder, reference));
        if (!OperatingSystem.IsWindows() && reference.Contains('\\') && !File.Exists(path))
        {
            // Descriptors written on Windows separate folders so.
            path = Path.GetFullPath(Path.Combine(_folder, reference.Replace('\\', '/')));
        }

        return IsAllowed(path) ? path : throw Outside(reference);
    }

    /// <summary>
    /// As <see cref="Resolve"/>, for descriptors that name files by where they were on the machine that they come from: a file of that name
    /// beside the descriptor is taken for it.
    /// </summary>
    public string ResolveMoved(string reference)
    {
        Check(reference);
        // "[datastore1] web/web.vmdk" is how VMware writes absolute paths.
        var isAbsolute = Path.IsPathRooted(reference) || IsWindowsAbsolute(reference) || reference[0] == '[';
        var name = reference[(reference.LastIndexOfAny(['/', '\\']) + 1)..];
        if (isAbsolute && name.Length > 0)
        {
            var beside = Path.Combine(_folder, name);
            if (File.Exists(beside) && !(Path.IsPathRooted(reference) && File.Exists(reference) && IsAllowed(reference)))
            {
                return Resolve(name);
            }
        }

        return Resolve(reference);
    }

    private void Check(string reference)
    {
        if (reference.Length == 0 || reference.Contains('\0'))
        {
            throw new SourceException(V2VError.SourceInvalid, $"{_descriptor} names a disk with an empty or impossible file name.")
            {
                Path = _descriptor,
            };
        }
    }

    private SourceException Outside(string reference) =>
        new(V2VError.DiskImageOutsideFolder, $"{_descriptor} names the file {reference}, which lies outside its own folder {_folder}.")
        {
            Path = _descriptor,
            Advice = "Copy the file into the descriptor's folder, or, if you trust the descriptor, allow the folder that the file lies in (-AllowDiskFolder).",
        };

    private bool IsAllowed(string path)
    {
        var real = RealPath.Resolve(Path.GetFullPath(path));
        return _realFolders.Exists(folder => IsBelow(real, folder));
    }

    private static bool IsWindowsAbsolute(string reference) =>
        reference[0] == '\\' || (reference.Length > 1 && reference[1] == ':' && char.IsAsciiLetter(reference[0]));

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
