using V2V.Engine.FileSystems;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>/etc/systemd/network: .network files match interfaces (systemd.network(5)), .link files name them (systemd.link(5)).</summary>
internal static class NetworkdConfiguration
{
    private const string Directory = "/etc/systemd/network";

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
            var mac = settings[("Match", "MACAddress")].Concat(settings[("Match", "PermanentMACAddress")]).Select(InterfaceUse.ParseMac).FirstOrDefault(m => m is not null);
            if (file.Name.EndsWith(".link", StringComparison.Ordinal) && settings[("Link", "Name")].FirstOrDefault() is { Length: > 0 } name)
            {
                // Named by the old controller's path or driver, the adapter will not be found again: then it needs a new file.
                yield return new InterfaceUse(name, path, mac, IsPinned: mac is not null);
            }
            else if (file.Name.EndsWith(".network", StringComparison.Ordinal))
            {
                var address = settings[("Network", "Address")].Concat(settings[("Address", "Address")]).FirstOrDefault();
                foreach (var matched in settings[("Match", "Name")].SelectMany(n => n.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(InterfaceUse.IsPhysical))
                {
                    yield return new InterfaceUse(matched, path, mac, address);
                }
            }
        }
    }
}
