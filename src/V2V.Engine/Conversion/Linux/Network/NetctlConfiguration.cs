using System.Text.RegularExpressions;
using V2V.Engine.FileSystems;
using V2V.Engine.Inspection;

namespace V2V.Engine.Conversion.Linux.Network;

/// <summary>
/// Profiles of Arch's netctl (netctl.profile(5)), and systemd units that are enabled for one interface, such as dhcpcd@ens192.service.
/// </summary>
internal static partial class NetctlConfiguration
{
    private const string Profiles = "/etc/netctl";
    private const string Units = "/etc/systemd/system";

    public static IEnumerable<InterfaceUse> Read(GuestRoot root)
    {
        foreach (var path in root.Enumerate(Profiles).Select(f => $"{Profiles}/{f.Name}").Where(root.FileExists))
        {
            var text = root.ReadAllText(path);
            var values = ShellVariables.Parse(text);
            var names = BoundInterfaces().Match(text).Groups["names"].Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(n => n.Trim('"', '\'')).Prepend(values.GetValueOrDefault("Interface") ?? "");
            foreach (var name in names.Select(InterfaceUse.BaseName).Where(InterfaceUse.IsPhysical).Distinct())
            {
                var address = values.GetValueOrDefault("Address")?.Trim('(', ')');
                yield return new InterfaceUse(name, path, Address: string.IsNullOrEmpty(address) ? null : address);
            }
        }

        foreach (var directory in root.Enumerate(Units).Where(d => d.Name.EndsWith(".wants", StringComparison.Ordinal)))
        {
            foreach (var unit in root.Enumerate($"{Units}/{directory.Name}"))
            {
                if (InstanceUnit().Match(unit.Name) is { Success: true } match && InterfaceUse.IsPhysical(match.Groups["name"].Value))
                {
                    yield return new InterfaceUse(match.Groups["name"].Value, $"{Units}/{directory.Name}/{unit.Name}");
                }
            }
        }
    }

    [GeneratedRegex(@"^\s*BindsToInterfaces=\(?(?<names>[^)\n]*)", RegexOptions.Multiline)]
    private static partial Regex BoundInterfaces();

    [GeneratedRegex(@"^(dhcpcd|netctl-ifplugd|netctl-auto|ifup|wpa_supplicant)@(?<name>[A-Za-z0-9]+)\.service\z")]
    private static partial Regex InstanceUnit();
}
