using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>Finds the root file systems of Linux systems among a guest's volumes.</summary>
internal static class LinuxRoots
{
    public static IReadOnlyList<OperatingSystemRoot> Find(IReadOnlyList<VolumeFinding> found, SourceGuest source)
    {
        var candidates = found.Where(f => f.FileSystem is not null && IsRoot(Tree(f))).ToList();
        var data = candidates.Count > 1 ? MountedByOthers(candidates, new DeviceNames([.. found.Select(f => f.Guest)], source.Disks)) : [];
        return [.. candidates.Select(c => new OperatingSystemRoot(c.Guest, LinuxDistribution.Identify(Tree(c))) { IsData = data.Contains(c.Guest) })];
    }

    private static HashSet<GuestVolume?> MountedByOthers(List<VolumeFinding> candidates, DeviceNames names)
    {
        var data = candidates
            .SelectMany(c => FstabEntry.Parse(Tree(c).TryReadAllText("/etc/fstab") ?? "")
                .Where(e => e.MountPoint.StartsWith('/') && e.MountPoint.Length > 1)
                .Select(e => names.Resolve(e.Device).Volume)
                .Where(v => v is not null && v != c.Guest))
            .ToHashSet();
        // Two that mount each other are both systems.
        return candidates.All(c => data.Contains(c.Guest)) ? [] : data;
    }

    /// <summary>
    /// /etc, /bin (or a link to where it was merged into /usr, which may be another file system), and one of two files that every system has.
    /// </summary>
    private static bool IsRoot(GuestRoot tree) =>
        tree.DirectoryExists("/etc")
        && (tree.DirectoryExists("/bin") || tree.TryReadLink("/bin") is "usr/bin" or "/usr/bin")
        && (tree.FileExists("/etc/fstab") || tree.FileExists("/etc/hosts"));

    private static GuestRoot Tree(VolumeFinding finding) => new([new GuestMount("/", finding.FileSystem!, finding.Volume)]);
}
