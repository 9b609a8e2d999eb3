using System.Management.Automation;

namespace V2V.PowerShell;

/// <summary>
/// The files and folders that a path with wildcards names. PowerShell's own search takes milliseconds for each folder that it goes through,
/// which is seconds where every guest of a fleet has one.
/// </summary>
internal static class FilePattern
{
    private static readonly char[] Separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    /// <summary>What there is, in the order of the names. Names that begin with a dot are found by patterns that do.</summary>
    /// <param name="pattern">A full path whose names may have PowerShell's wildcards.</param>
    public static IEnumerable<string> Find(string pattern)
    {
        var root = Path.GetPathRoot(pattern) ?? "";
        IEnumerable<string> found = [root];
        foreach (var name in pattern[root.Length..].Split(Separators, StringSplitOptions.RemoveEmptyEntries))
        {
            found = WildcardPattern.ContainsWildcardCharacters(name)
                ? found.SelectMany(folder => Matches(folder, name))
                : found.Select(folder => Path.Combine(folder, WildcardPattern.Unescape(name))).Where(Path.Exists);
        }

        return found.Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Matches(string folder, string name)
    {
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        return Entries(folder).Where(path => Path.GetFileName(path) is var entry && pattern.IsMatch(entry) && (entry[0] != '.' || name[0] == '.'));
    }

    /// <summary>Nothing where there is no folder, or none that may be listed: as everywhere, a wildcard that matches nothing is no error.</summary>
    private static string[] Entries(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
