using V2V.Engine.FileSystems;

namespace V2V.Engine.Inspection.Packages;

/// <summary>
/// pacman's local database, of Arch Linux: a directory for each package with a file "desc", in which a line "%NAME%" is followed by the value
/// on the next (libalpm, be_local.c).
/// </summary>
internal sealed class PacmanDatabase : PackageDatabase
{
    private const string Path = "/var/lib/pacman/local";

    /// <summary>A package's description and its list of dependencies take some kilobytes.</summary>
    private const long MaxDescription = 1 << 20;

    public override string Format => "pacman";

    public override string? Find(GuestRoot root) => root.DirectoryExists(Path) ? Path : null;

    public override IEnumerable<InstalledPackage> Read(GuestRoot root, string path)
    {
        foreach (var entry in root.Enumerate(path).Where(e => e.Type == GuestFileType.Directory))
        {
            var description = $"{path}/{entry.Name}/desc";
            if (!root.FileExists(description))
            {
                continue;
            }

            var lines = GuestText.Decode(root.ReadAllBytes(description, MaxDescription)).Split('\n');
            string Value(string field) => Array.IndexOf(lines, field) is >= 0 and var at && at + 1 < lines.Length ? lines[at + 1] : "";
            if (Value("%NAME%") is { Length: > 0 } name)
            {
                yield return new InstalledPackage(name, Value("%VERSION%"), Value("%ARCH%"));
            }
        }
    }
}
