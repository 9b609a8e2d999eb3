namespace V2V.Engine.Conversion.Windows.Drivers;

/// <summary>Names the directories in which a driver would have been found, in the layout that the source has.</summary>
internal sealed class ExpectedDirectories(DriverSource source, DriverTarget target, IReadOnlyList<string> versions)
{
    private const string ByDriver = "by-driver/";

    /// <summary>The directories of these drivers that are not there, for every version that would have been taken.</summary>
    public IEnumerable<string> Missing(IReadOnlyList<string> drivers)
    {
        if (source.IsForGuest)
        {
            return drivers.Select(driver => FullPath($"{driver}.inf"));
        }

        var expected = FindByOs() is { } root
            ? versions.Select(version => $"{root}{OldArchitecture}/{version}")
            : drivers.SelectMany(driver => versions.Select(version => $"{FindByDriver()}{driver}/{version}/{target.InfArchitecture}"));
        return expected.Distinct().Where(d => !source.HasDirectory(d)).Select(FullPath);
    }

    /// <summary>In a folder the path that the host has for it, in an image the path within.</summary>
    public string FullPath(string path) => source is FolderDriverSource ? Path.Combine(source.Path, path) : path;

    /// <summary>"i386" where the architecture comes first, as on the driver floppies.</summary>
    private string OldArchitecture => target.InfArchitecture == "x86" ? "i386" : target.InfArchitecture;

    /// <summary>The path of the directory with one directory a driver; empty for the root.</summary>
    private string FindByDriver() => source.Files.Select(f => f.Path.IndexOf(ByDriver, StringComparison.OrdinalIgnoreCase) is >= 0 and var at
        ? f.Path[..(at + ByDriver.Length)]
        : null).FirstOrDefault(p => p is not null) ?? "";

    /// <summary>The path above architecture/version, when no driver has a directory of its own.</summary>
    private string? FindByOs()
    {
        string? found = null;
        foreach (var elements in source.Files.Select(f => f.Directory).Distinct().Select(d => d.Split('/')))
        {
            for (var i = 0; i + 1 < elements.Length; i++)
            {
                if (DriverDirectories.Version(elements[i]) is not null && IsArchitecture(elements[i + 1]))
                {
                    return null;
                }

                if (IsArchitecture(elements[i]) && DriverDirectories.Version(elements[i + 1]) is not null)
                {
                    found ??= string.Concat(elements.Take(i).Select(e => e + "/"));
                }
            }
        }

        return found;
    }

    private static bool IsArchitecture(string element) =>
        DriverDirectories.IsArchitecture(element, "i686") || DriverDirectories.IsArchitecture(element, "x86_64");
}
