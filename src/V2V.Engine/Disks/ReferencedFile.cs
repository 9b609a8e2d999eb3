using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>
/// Finds a file that an image names. The name is foreign data: a descriptor that called /etc/shadow its flat extent would have the file
/// copied into a guest. So the file must lie, all links resolved, in the image's own folder or one that the user allowed.
/// </summary>
internal static class ReferencedFile
{
    public static string Find(DiskFile referrer, string name, string format, DiskOpenOptions options, bool byBaseName)
    {
        if (referrer.Folder is not { } folder)
        {
            throw ImageFault.Unsupported(
                referrer, format, $"names another file, '{name}', but lies inside an archive.", "Unpack the archive and convert the unpacked guest.");
        }

        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw ImageFault.Corrupt(referrer, format, null, "it names a file by an empty or impossible name.");
        }

        // A link to a descriptor: the files named in it lie beside the link or beside the descriptor itself.
        string realFolder = Path.GetDirectoryName(RealPath.Resolve(referrer.Path))!;
        var roots = new List<string> { RealPath.Resolve(folder), realFolder };
        roots.AddRange(options.AllowOutsideFolder.Select(f => RealPath.Resolve(Path.GetFullPath(f))));

        string baseName = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        IEnumerable<string> candidates = [Path.Combine(folder, name), Path.Combine(realFolder, name)];
        if (byBaseName && IsAbsolute(name) && baseName.Length > 0)
        {
            candidates = candidates.Append(Path.Combine(folder, baseName));
        }

        bool outside = false;
        foreach (string candidate in candidates)
        {
            string real = RealPath.Resolve(Path.GetFullPath(candidate));
            if (!roots.Exists(root => Contains(root, real)))
            {
                outside = true;
            }
            else if (File.Exists(real))
            {
                return real;
            }
        }

        throw outside
            ? new DiskImageException(
                V2VError.DiskImageOutsideFolder, $"The {format} image '{referrer.Path}' names '{name}', which lies outside its folder '{folder}'.")
            {
                Path = referrer.Path,
                Format = format,
                Advice = "If you trust the image, allow the folder in which that file lies.",
            }
            : new DiskImageException(
                V2VError.DiskImageNotFound, $"The {format} image '{referrer.Path}' needs '{name}', which is not in '{folder}'.")
            {
                Path = referrer.Path,
                Format = format,
                Advice = "Copy all files of the guest's disk into one folder.",
            };
    }

    private static bool Contains(string root, string path)
    {
        string prefix = Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar;
        return path.StartsWith(prefix, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
    }

    /// <summary>Absolute on this or on the machine where the image was made, be it Windows or ESXi.</summary>
    private static bool IsAbsolute(string name) =>
        name[0] is '/' or '\\' || (name.Length > 2 && char.IsAsciiLetter(name[0]) && name[1] == ':' && name[2] is '/' or '\\');
}
