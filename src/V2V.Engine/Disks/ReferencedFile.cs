using V2V.Engine.Disks.Transports;

namespace V2V.Engine.Disks;

/// <summary>
/// Finds a file that an image names. The name is foreign data: a descriptor that called /etc/shadow its flat extent would have the file
/// copied into a guest. So the file must lie, all links resolved, in the image's own folder or one that the user allowed.
/// </summary>
internal static class ReferencedFile
{
    /// <summary>The most files that are asked whether they are the one that is looked for.</summary>
    private const int MaximumCandidates = 1000;

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

        string realFolder = RealFolder(referrer);
        List<string> roots = Roots(referrer, options);

        string baseName = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        IEnumerable<string> candidates = [Path.Combine(folder, name), Path.Combine(realFolder, name)];
        if (byBaseName && baseName.Length > 0)
        {
            candidates = candidates.Concat(roots.Select(root => Path.Combine(root, baseName)));
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

    /// <summary>The path of a file that an image knows by what is in it, in the folders where it may lie.</summary>
    public static string Search(
        DiskFile referrer, string format, string pattern, string description, DiskOpenOptions options, Func<DiskFile, bool> isWanted)
    {
        List<string> roots = referrer.Folder is null ? [] : Roots(referrer, options);
        IEnumerable<string> candidates = roots
            .Distinct()
            .Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }))
            .Take(MaximumCandidates)
            .Select(RealPath.Resolve)
            .Where(file => roots.Exists(root => Contains(root, file)) && new FileInfo(file).Length > 0);
        foreach (string candidate in candidates)
        {
            try
            {
                using HostFile file = HostFile.Open(candidate);
                if (isWanted(file))
                {
                    return candidate;
                }
            }
            catch (DiskImageException)
            {
                // Another guest's damaged image is of no interest here.
            }
        }

        throw new DiskImageException(
            V2VError.DiskImageNotFound,
            $"The {format} image '{referrer.Path}' builds upon another one, {description}, and none of the {pattern} files in {string.Join(", ", roots.Distinct().Select(f => $"'{f}'"))} is it.")
        {
            Path = referrer.Path,
            Format = format,
            Advice = "Copy all files of the guest's disk into one folder, or allow the folder in which that file lies.",
        };
    }

    /// <summary>The folders in which a file named by an image may lie, all links resolved.</summary>
    private static List<string> Roots(DiskFile referrer, DiskOpenOptions options) =>
        [RealPath.Resolve(referrer.Folder!), RealFolder(referrer), .. options.AllowOutsideFolder.Select(f => RealPath.Resolve(Path.GetFullPath(f)))];

    /// <summary>Where the image lies itself when it was reached by a link: files named in it may lie beside either.</summary>
    private static string RealFolder(DiskFile referrer) => Path.GetDirectoryName(RealPath.Resolve(referrer.Path))!;

    private static bool Contains(string root, string path)
    {
        string prefix = Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar;
        return path.StartsWith(prefix, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
    }
}
