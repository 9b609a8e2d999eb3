using V2V.Engine.FileSystems;
using V2V.Engine.Registry;

namespace V2V.Engine.Inspection.Windows;

/// <summary>A Windows that was found, as far as its hives could be read.</summary>
/// <param name="SystemRoot">Its directory on its volume, as spelled there.</param>
/// <param name="Registry">Null when a hive could not be opened.</param>
/// <param name="Version">Null when the hives could not be read.</param>
/// <param name="Failure">Why they could not.</param>
internal sealed record WindowsInstallation(string SystemRoot, GuestRegistry? Registry, WindowsVersion? Version, GuestFileSystemException? Failure);

/// <summary>Finds the Windows systems among a guest's volumes.</summary>
internal static class WindowsRoots
{
    /// <summary>NTFS since NT; FAT until XP.</summary>
    private static readonly string[] FileSystems = ["ntfs", "vfat"];

    public static IReadOnlyList<OperatingSystemRoot> Find(IReadOnlyList<VolumeFinding> found)
    {
        var volumes = found.Where(f => f.FileSystem is not null && FileSystems.Contains(f.FileSystem.Kind)).ToList();
        // NTLDR's menu may be on another volume than a system that it starts, and names directories only.
        var named = volumes.SelectMany(v => BootIniDirectories(Tree(v))).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return [.. volumes.SelectMany(v => WindowsDirectories.Find(Tree(v), named).Select(d => Read(v, d)))];
    }

    private static IEnumerable<string> BootIniDirectories(GuestRoot tree)
    {
        try
        {
            return BootIni.Parse(tree.TryReadAllText("/boot.ini") ?? "").Select(e => e.Directory).OfType<string>();
        }
        catch (GuestFileSystemException)
        {
            return []; // One that is too long or damaged is no menu.
        }
    }

    private static OperatingSystemRoot Read(VolumeFinding finding, string systemRoot)
    {
        var tree = Tree(finding);
        var architecture = PeArchitecture.Detect(tree, systemRoot);
        try
        {
            var registry = GuestRegistry.Open(tree, systemRoot);
            var version = WindowsVersion.Read(registry);
            return new OperatingSystemRoot(finding.Guest, version.ToSystem(architecture))
            {
                Windows = new WindowsInstallation(systemRoot, registry, version, null),
                DriveLetter = MountedDevice.Read(registry.System).FirstOrDefault(d => d.Letter is not null && d.Is(finding.Volume))?.Letter ?? version.SystemDrive,
            };
        }
        catch (GuestFileSystemException e)
        {
            // Another system of the guest may be the one that is wanted; this one's damage matters when it is chosen.
            return new OperatingSystemRoot(
                finding.Guest,
                new OperatingSystemInfo
                {
                    Family = OperatingSystemFamily.Windows,
                    Distribution = "windows",
                    ProductName = $"Windows in {systemRoot} (which cannot be read)",
                    Architecture = architecture ?? "unknown",
                })
            {
                Windows = new WindowsInstallation(systemRoot, null, null, e),
            };
        }
    }

    private static GuestRoot Tree(VolumeFinding finding) => new([new GuestMount("/", finding.FileSystem!, finding.Volume)]);
}
