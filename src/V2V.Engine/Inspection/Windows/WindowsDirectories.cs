using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Windows;

/// <summary>Finds the directories on a volume that a Windows is installed in.</summary>
internal static class WindowsDirectories
{
    /// <summary>Where setup programs put it, in the order in which libguestfs looks.</summary>
    private static readonly string[] UsualNames = ["windows", "winnt", "win32", "win", "reactos"];

    /// <param name="tree">The volume alone.</param>
    /// <param name="others">Directories that boot menus of the guest name: "/WINDOWS.0".</param>
    /// <returns>Their paths as spelled on the disk.</returns>
    public static IReadOnlyList<string> Find(GuestRoot tree, IEnumerable<string> others)
    {
        IEnumerable<string> candidates = [.. UsualNames.Select(n => "/" + n), .. others];
        return [.. candidates.Select(c => Spelling(tree, c)).OfType<string>().Distinct(StringComparer.Ordinal).Where(d => IsSystem(tree, d))];
    }

    /// <summary>
    /// The directory has what every version has. The hives alone are no sign: an installation medium and a backup have those too.
    /// </summary>
    private static bool IsSystem(GuestRoot tree, string directory) =>
        tree.DirectoryExists($"{directory}/system32/config")
        && tree.FileExists($"{directory}/system32/config/SYSTEM")
        && (tree.FileExists($"{directory}/system32/cmd.exe") || tree.FileExists($"{directory}/system32/ntoskrnl.exe"));

    /// <summary>A path as the disk spells it, or null when it is not there. Names are compared as Windows does, whatever the file system.</summary>
    public static string? Spelling(GuestRoot tree, string path)
    {
        var spelled = "";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!tree.DirectoryExists(spelled.Length == 0 ? "/" : spelled)
                || tree.Enumerate(spelled.Length == 0 ? "/" : spelled).Select(e => e.Name).FirstOrDefault(n => n.Equals(name, StringComparison.OrdinalIgnoreCase))
                    is not { } found)
            {
                return null;
            }

            spelled += "/" + found;
        }

        return spelled.Length == 0 ? "/" : spelled;
    }
}
