using V2V.Engine.FileSystems;
using V2V.Engine.Sources;

namespace V2V.Engine.Inspection;

/// <summary>A file system that holds the root of a Linux system.</summary>
internal sealed record LinuxRoot(GuestVolume Volume, OperatingSystemInfo System);

/// <summary>Finds the root file systems among a guest's volumes.</summary>
internal static class LinuxRoots
{
    public static IReadOnlyList<LinuxRoot> Find(IReadOnlyList<VolumeFinding> found, SourceGuest source)
    {
        var candidates = found.Where(f => f.FileSystem is not null && IsRoot(Tree(f))).ToList();
        if (candidates.Count > 1)
        {
            // An old system that the new one mounts as data, or a backup, is not an operating system of its own.
            var names = new DeviceNames([.. found.Select(f => f.Guest)], source.Disks);
            var data = candidates
                .SelectMany(c => FstabEntry.Parse(Tree(c).TryReadAllText("/etc/fstab") ?? "")
                    .Where(e => e.MountPoint.StartsWith('/') && e.MountPoint.Length > 1)
                    .Select(e => names.Resolve(e.Device).Volume)
                    .Where(v => v is not null && v != c.Guest))
                .ToHashSet();
            var independent = candidates.Where(c => !data.Contains(c.Guest)).ToList();
            candidates = independent.Count > 0 ? independent : candidates;
        }

        return [.. candidates.Select(c => new LinuxRoot(c.Guest, LinuxDistribution.Identify(Tree(c))))];
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
