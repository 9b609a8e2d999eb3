namespace V2V.Engine.FileSystems.Fat;

/// <summary>Finds files by path. Upper and lower case do not matter, and short names do as well as long ones.</summary>
internal static class FatPaths
{
    /// <summary>The components of a path, none of them "."; none for the root.</summary>
    /// <exception cref="GuestFileSystemException">It is relative, or goes up with "..".</exception>
    public static string[] Split(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
        {
            throw FatErrors.Invalid(path, "a path in a guest must start with '/'.");
        }

        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.AsSpan().Contains(".."))
        {
            throw FatErrors.Invalid(path, "\"..\" is not resolved within a file system.");
        }

        return [.. parts.Where(p => p != ".")];
    }

    /// <summary>What stands at a path, or null.</summary>
    public static FatFile? Find(FatVolume volume, ReadOnlySpan<string> components)
    {
        var file = FatFile.Root;
        foreach (var name in components)
        {
            if (!file.IsDirectory || List(volume, file).Find(name) is not { } next)
            {
                return null;
            }

            file = next;
        }

        return file;
    }

    public static FatListing List(FatVolume volume, FatFile directory) =>
        directory.IsRoot || directory.Cluster != 0
            ? volume.List(directory.Cluster)
            : throw FatErrors.Corrupt($"the directory {directory.Name} has no cluster.", directory.Position);
}
