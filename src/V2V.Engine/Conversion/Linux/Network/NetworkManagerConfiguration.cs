using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>Keyfiles of NetworkManager (nm-settings-keyfile(5)) that are bound to an interface's name.</summary>
internal static class NetworkManagerConfiguration
{
    private const string Directory = "/etc/NetworkManager/system-connections";

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var file in root.Enumerate(Directory))
        {
            var path = $"{Directory}/{file.Name}";
            if (root.TryReadAllText(path) is not { } text)
            {
                continue;
            }

            var settings = IniFile.Parse(text);
            if (settings[("connection", "interface-name")].FirstOrDefault() is { } name && InterfaceUse.IsPhysical(name))
            {
                // Before 1.0 the section had the D-Bus name of the setting.
                var mac = settings[("ethernet", "mac-address")].Concat(settings[("802-3-ethernet", "mac-address")]).Select(InterfaceUse.ParseMac).FirstOrDefault();
                var address = settings[("ipv4", "address1")].Concat(settings[("ipv4", "addresses")]).FirstOrDefault()?.Split(',', ';')[0];
                yield return new InterfaceUse(name, path, mac, address);
            }
        }
    }
}
