using V2V.Engine.Disks;

namespace V2V.Engine.Sources;

/// <summary>
/// The folder that a guest's descriptor lies in. A descriptor may come from anywhere, so what it names is opened only when it lies in this
/// folder or below, links resolved: otherwise converting a stranger's guest could copy a file of the host into it.
/// </summary>
internal sealed class GuestFolder
{
    private readonly string _descriptor;
    private readonly string _folder;
    private readonly string _realFolder;

    public GuestFolder(string descriptorPath)
    {
        _descriptor = descriptorPath;
        _folder = Path.GetDirectoryName(Path.GetFullPath(descriptorPath))!;
        _realFolder = RealPath.Resolve(_folder);
    }

    /// <summary>The full path of a file that the descriptor names. The file need not exist.</summary>
    /// <param name="reference">The name as the descriptor has it.</param>
    /// <exception cref="SourceException">It leads out of the folder.</exception>
    public string Resolve(string reference)
    {
        if (reference.Length == 0 || reference.Contains('\0'))
        {
            throw new SourceException(V2VError.SourceInvalid, $"{_descriptor} names a disk with an empty or impossible file name.")
            {
                Path = _descriptor,
            };
        }

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

        return IsBelow(RealPath.Resolve(path), _realFolder) ? path : throw Outside(reference);
    }

    private SourceException Outside(string reference) =>
        new(V2VError.DiskImageOutsideFolder, $"{_descriptor} names the file {reference}, which lies outside its own folder {_folder}.")
        {
            Path = _descriptor,
            Advice = "Copy the file into the descriptor's folder and name it there without a path.",
        };

    private static bool IsWindowsAbsolute(string reference) =>
        reference[0] == '\\' || (reference.Length > 1 && reference[1] == ':' && char.IsAsciiLetter(reference[0]));

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
