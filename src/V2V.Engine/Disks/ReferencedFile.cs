using System.IO.Enumeration;
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

    /// <summary>Opens a file that an image names.</summary>
    /// <param name="referrer">The image.</param>
    /// <param name="name">The name found in it.</param>
    /// <param name="format">The image's format, for messages.</param>
    /// <param name="options">The folders of this host that the user allowed.</param>
    /// <param name="byBaseName">Whether a path of another machine may mean the file of that name beside the image.</param>
    public static DiskFile Open(DiskFile referrer, string name, string format, DiskOpenOptions options, bool byBaseName)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw ImageFault.Corrupt(referrer, format, null, "it names a file by an empty or impossible name.");
        }

        return referrer.Folder is { } folder ? HostFile.Open(FindOnHost(referrer, folder, name, format, options, byBaseName))
            : referrer.Store is { } store ? OpenInStore(referrer, store, name, format, byBaseName)
            : throw ImageFault.Unsupported(
                referrer, format, $"names another file, '{name}', and lies where no other can be opened.", "Copy all files of the guest's disk into one folder.");
    }

    /// <summary>Opens the file that an image knows by what is in it, in the folders where it may lie.</summary>
    public static DiskFile Search(
        DiskFile referrer, string format, string pattern, string description, DiskOpenOptions options, Func<DiskFile, bool> isWanted)
    {
        List<string> roots = referrer.Folder is null ? [] : [.. Roots(referrer, options).Distinct()];
        IEnumerable<Func<DiskFile?>> candidates = referrer.Store is { } store
            ? StoreName.Ancestors(referrer.Name).SelectMany(store.Names).Where(n => FileSystemName.MatchesSimpleExpression(pattern, n)).Select(n => (Func<DiskFile?>)(() => store.Open(n)))
            : HostCandidates(roots, pattern).Select(path => (Func<DiskFile?>)(() => HostFile.Open(path)));
        foreach (Func<DiskFile?> open in candidates.Take(MaximumCandidates))
        {
            DiskFile? file = null;
            try
            {
                file = open();
                if (file is { Length: > 0 } && isWanted(file))
                {
                    return file;
                }
            }
            catch (DiskImageException)
            {
                // Another guest's damaged image is of no interest here.
            }

            file?.Dispose();
        }

        throw new DiskImageException(
            V2VError.DiskImageNotFound,
            $"The {format} image '{referrer.Path}' builds upon another one, {description}, and none of the {pattern} files {(roots.Count > 0 ? $"in {string.Join(", ", roots.Select(f => $"'{f}'"))}" : "beside it")} is it.")
        {
            Path = referrer.Path,
            Format = format,
            Advice = "Copy all files of the guest's disk into one folder, or allow the folder in which that file lies.",
        };
    }

    private static DiskFile OpenInStore(DiskFile referrer, FileStore store, string name, string format, bool byBaseName)
    {
        string? inside = store.Resolve(referrer.Name, name);
        string[] candidates = [.. new[] { inside, byBaseName ? store.Resolve(referrer.Name, StoreName.Base(name)) : null }.OfType<string>()];
        foreach (string candidate in candidates)
        {
            if (store.Open(candidate) is { } file)
            {
                return file;
            }
        }

        throw inside is null ? Outside(referrer, name, format) : NotFound(referrer, name, format, $"where '{referrer.Path}' lies");
    }

    private static string FindOnHost(DiskFile referrer, string folder, string name, string format, DiskOpenOptions options, bool byBaseName)
    {
        string realFolder = RealFolder(referrer);
        List<string> roots = Roots(referrer, options);

        string baseName = StoreName.Base(name);
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

        throw outside ? Outside(referrer, name, format) : NotFound(referrer, name, format, $"in '{folder}'");
    }

    private static IEnumerable<string> HostCandidates(List<string> roots, string pattern) => roots
        .Where(Directory.Exists)
        .SelectMany(f => Directory.EnumerateFiles(f, pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive }))
        .Select(RealPath.Resolve)
        .Where(file => roots.Exists(root => Contains(root, file)) && new FileInfo(file) is { Exists: true, Length: > 0 });

    private static DiskImageException Outside(DiskFile referrer, string name, string format) => new(
        V2VError.DiskImageOutsideFolder,
        $"The {format} image '{referrer.Path}' names '{name}', which lies outside {(referrer.Folder is { } folder ? $"its folder '{folder}'" : "the place that it came from")}.")
    {
        Path = referrer.Path,
        Format = format,
        Advice = referrer.Folder is null
            ? "Copy all files of the guest's disk into one folder of this host."
            : "If you trust the image, allow the folder in which that file lies.",
    };

    private static DiskImageException NotFound(DiskFile referrer, string name, string format, string where) => new(
        V2VError.DiskImageNotFound, $"The {format} image '{referrer.Path}' needs '{name}', which is not {where}.")
    {
        Path = referrer.Path,
        Format = format,
        Advice = "Copy all files of the guest's disk into one folder.",
    };

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
