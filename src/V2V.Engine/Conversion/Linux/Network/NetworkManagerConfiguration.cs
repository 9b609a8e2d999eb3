using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>Keyfiles of NetworkManager (nm-settings-keyfile(5)) that are bound to an interface's name.</summary>
internal static class NetworkManagerConfiguration
{
    /// <summary>The administrator's own, and those that came with an image.</summary>
    private static readonly string[] Directories = ["/etc/NetworkManager/system-connections", "/usr/lib/NetworkManager/system-connections"];

    private static readonly string[] HardwareKeys = ["path", "driver"];

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var (path, settings) in Files(root))
        {
            // Before 1.0 the section had the D-Bus name of the setting.
            var mac = settings[("ethernet", "mac-address")].Concat(settings[("802-3-ethernet", "mac-address")]).Select(InterfaceUse.ParseMac).FirstOrDefault(m => m is not null);
            var address = settings[("ipv4", "address1")].Concat(settings[("ipv4", "addresses")]).FirstOrDefault()?.Split(',', ';')[0];
            var names = settings[("connection", "interface-name")].Concat(settings[("match", "interface-name")].SelectMany(Words));
            foreach (var name in names.Where(InterfaceUse.IsPhysical).Distinct())
            {
                yield return new InterfaceUse(name, path, mac, address);
            }

            // A VLAN's parent is an interface, or the UUID of its connection; its own address is the VLAN's.
            foreach (var parent in settings[("vlan", "parent")].Concat(settings[("macvlan", "parent")]).Where(InterfaceUse.IsPhysical).Distinct())
            {
                yield return new InterfaceUse(parent, path);
            }
        }
    }

    /// <summary>Files that choose an adapter by its place or driver, neither of which it has any longer.</summary>
    public static IEnumerable<(string Path, string Match)> HardwareMatches(GuestRoot root) =>
        Files(root).SelectMany(f => HardwareKeys.SelectMany(key => f.Settings[("match", key)].Select(value => (f.Path, $"{key}={value}"))));

    private static IEnumerable<(string Path, ILookup<(string Section, string Key), string> Settings)> Files(GuestRoot root) =>
        Directories.SelectMany(d => root.Enumerate(d).Select(f => $"{d}/{f.Name}")).Where(root.FileExists).Select(path => (path, IniFile.Parse(root.ReadAllText(path))));

    private static string[] Words(string value) => value.Split([';', ',', ' '], StringSplitOptions.RemoveEmptyEntries);
}
