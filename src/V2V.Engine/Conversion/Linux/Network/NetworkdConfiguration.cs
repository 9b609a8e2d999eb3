using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>systemd-networkd: .network files match interfaces (systemd.network(5)), .link files name them (systemd.link(5)).</summary>
internal static class NetworkdConfiguration
{
    private static readonly string[] Directories = ["/etc/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network"];

    private static readonly string[] HardwareKeys = ["Path", "Driver"];

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var (path, settings) in Files(root))
        {
            var mac = settings[("Match", "MACAddress")].Concat(settings[("Match", "PermanentMACAddress")]).Select(InterfaceUse.ParseMac).FirstOrDefault(m => m is not null);
            if (path.EndsWith(".link", StringComparison.Ordinal) && settings[("Link", "Name")].FirstOrDefault() is { Length: > 0 } name)
            {
                // Named by the old controller's path or driver, the adapter will not be found again: then it needs a new file.
                yield return new InterfaceUse(name, path, mac, IsPinned: mac is not null);
            }
            else if (path.EndsWith(".network", StringComparison.Ordinal))
            {
                var address = settings[("Network", "Address")].Concat(settings[("Address", "Address")]).FirstOrDefault();
                foreach (var matched in settings[("Match", "Name")].SelectMany(n => n.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(InterfaceUse.IsPhysical))
                {
                    yield return new InterfaceUse(matched, path, mac, address);
                }
            }
        }
    }

    /// <summary>.network files that choose an adapter by its place or driver, neither of which it has any longer.</summary>
    public static IEnumerable<(string Path, string Match)> HardwareMatches(GuestRoot root) =>
        Files(root).Where(f => f.Path.EndsWith(".network", StringComparison.Ordinal) && !f.Settings[("Match", "Name")].Any() && !f.Settings[("Match", "MACAddress")].Any())
            .SelectMany(f => HardwareKeys.SelectMany(key => f.Settings[("Match", key)].Where(v => !v.Contains('*')).Select(value => (f.Path, $"{key}={value}"))));

    private static IEnumerable<(string Path, ILookup<(string Section, string Key), string> Settings)> Files(GuestRoot root) =>
        Directories.SelectMany(d => root.Enumerate(d).Select(f => $"{d}/{f.Name}")).Where(root.FileExists)
            // /lib is a link to /usr/lib on most.
            .DistinctBy(root.RealPath)
            .Select(path => (path, IniFile.Parse(root.ReadAllText(path))));
}
